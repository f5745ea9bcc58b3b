# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""Reads the metrics in a file by Prometheus' own parser, and prints them as one line of JSON."""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

with open(sys.argv[1], encoding="utf-8") as file:
    families = list(text_string_to_metric_families(file.read()))
print(json.dumps([
    {"family": family.name, "type": family.type, "name": sample.name, "labels": sample.labels,
     "value": "+Inf" if sample.value == float("inf") else sample.value}
    for family in families for sample in family.samples
]))

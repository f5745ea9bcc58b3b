// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import ArgumentParser
import Gateway

struct MakeToken: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a token. Prints it once, to stderr, and its line for the file of --tokens to stdout.",
    discussion: "crossfade make-token web --rights read,write --prefix web: >> tokens")

  @Argument(help: "Who gets it; the name that is in messages and logs.")
  var name: String

  @Option(help: ArgumentHelp("One or more of read, write, admin, with commas.", valueName: "rights"))
  var rights = "read"

  @Option(help: ArgumentHelp("Only for keys that begin with it.", valueName: "text"))
  var prefix = ""

  func run() throws {
    do {
      let token = try NewToken(name: name, rights: rights, keyPrefix: prefix)
      writeToStandardError("token (shown once, keep it secret): \(token.secret)\n")
      print(token.line)
    } catch {
      throw ExitStatus.error(ExitStatus.misuse, error.faults)
    }
  }
}

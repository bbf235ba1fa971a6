import ArgumentParser
import Files
import Records
import Reports
import Storage

/// Ends a command: tells the user what happened and picks the contract's exit code.
enum Failure {
  static let wrongUsage = ExitCode(64)
  static let someRejected = ExitCode(65)
  static let outOfReach = ExitCode(69)
  static let interrupted = ExitCode(130)

  /// Prints a message and gives the code to throw.
  static func usage(_ message: String) -> ExitCode {
    StandardError.line("guardtally: \(message)")
    return wrongUsage
  }

  /// Runs a command's work and translates the project's errors.
  static func reported<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as StoreError {
      throw exitCode(for: error)
    } catch let error as QueryError {
      throw usage(error.description)
    } catch let error as InputError {
      StandardError.line("guardtally: \(error.description)")
      throw error.code == .interrupted ? interrupted : ExitCode.failure
    } catch let error as OutputError {
      // Whoever read standard output has seen enough.
      if error.isClosedPipe { throw ExitCode.success }
      if error.reason == .precious { throw usage(error.description) }
      StandardError.line("guardtally: \(error.description)")
      throw ExitCode.failure
    }
  }

  static func exitCode(for error: StoreError) -> ExitCode {
    StandardError.line("guardtally: \(error.description)")
    switch error.code {
    case .absent, .unreachable, .notADatabase, .unsuitable: return outOfReach
    case .synthetic: return wrongUsage
    default: return ExitCode.failure
    }
  }
}

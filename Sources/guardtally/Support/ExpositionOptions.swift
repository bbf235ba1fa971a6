import ArgumentParser
import Exposition
import Reports
import Verdicts

/// What an exposition shows.
struct ExpositionOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Rolling windows.", valueName: "duration,duration"))
  var windows: String = "5m,1h,24h,7d"

  @Option(help: ArgumentHelp("The prefix of the business metrics.", valueName: "name"))
  var prefix: String = ExpositionSettings.prefixDefault

  @Option(help: ArgumentHelp("Series at the most; beyond it the least used label values fold into other.", valueName: "count"))
  var seriesMax: Int = ExpositionSettings.seriesMaxDefault

  func settings() throws -> ExpositionSettings {
    var settings = ExpositionSettings()
    settings.windows = try windows.split(separator: ",", omittingEmptySubsequences: false).map { name in
      guard let length = SpanText.length(String(name)), length % Timestamp.microsecondsPerMinute == 0 else {
        throw Failure.usage("--windows takes whole minutes with a unit, as in 5m,1h,24h,7d")
      }
      return Window(name: String(name), microseconds: length)
    }
    guard Set(settings.windows.map(\.name)).count == settings.windows.count, settings.windows.count <= 16 else {
      throw Failure.usage("--windows takes up to 16 different windows")
    }
    let isName = prefix.utf8.enumerated().allSatisfy { index, byte in
      (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F || index > 0 && (0x30...0x39).contains(byte)
    }
    guard !prefix.isEmpty, isName else { throw Failure.usage("--prefix takes letters, digits and _, as in qwen_guard") }
    guard (ExpositionSettings.seriesMaxLeast...10_000_000).contains(seriesMax) else {
      throw Failure.usage("--series-max takes \(ExpositionSettings.seriesMaxLeast) to 10000000")
    }
    settings.prefix = prefix
    settings.seriesMax = seriesMax
    return settings
  }
}

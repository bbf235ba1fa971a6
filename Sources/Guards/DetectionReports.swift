import JSONReading
import Verdicts

/// Replies that report what each of several filters detected (Azure Prompt Shields, Bedrock ApplyGuardrail, Google Model Armor).
enum DetectionReports {
  // MARK: - Azure Prompt Shields

  /// Any analysis may detect an attack, also one of a kind that is new.
  static func readAttacks(_ object: JSONValue, of format: GuardFormat) -> GuardReply {
    var analyses = 0
    var isReadable = true
    var isDetected = false
    for (_, value) in object.members where value.kind == .array || value.kind == .object {
      for analysis in value.kind == .array ? value.elements : [value] {
        guard let detected = analysis["attackDetected"]?.bool else {
          isReadable = false
          continue
        }
        analyses += 1
        isDetected = isDetected || detected
      }
    }
    guard isDetected || isReadable && analyses > 0 else { return .unreadable }
    var reply = GuardReply(isDetected ? .unsafe : .safe)
    if isDetected, !format.categories.isEmpty { reply.names.mention(0, of: format) }
    return reply
  }

  // MARK: - Bedrock ApplyGuardrail

  static func readAssessments(_ object: JSONValue, of format: GuardFormat) -> GuardReply {
    guard let action = object["action"]?.string, ["NONE", "GUARDRAIL_INTERVENED"].contains(action) else { return .unreadable }
    var items = Items(format: format)
    if let assessments = object["assessments"], !assessments.isNull {
      if assessments.kind != .array { items.isDoubtful = true }
      for assessment in assessments.elements { items.add(assessment: assessment) }
    } else if object.members.contains(where: { name, value in value.count > 0 && !resultMembers.contains { name.elementsEqual($0) } }) {
      // A list that nobody knows may be one of assessments.
      items.isDoubtful = true
    }
    var reply = GuardReply(.unsafe)
    reply.names = items.names
    if action == "NONE" {
      guard items.fired == 0 else { return reply }
      guard !items.isDoubtful else { return .unreadable }
      reply.verdict = .safe
    } else if items.masked == items.fired {
      // Nothing was blocked as far as can be read.
      guard !items.isDoubtful else { return .unreadable }
      if items.fired > 0 { reply.verdict = .controversial }
    }
    return reply
  }

  private static let resultMembers = ["usage", "outputs", "output", "guardrailCoverage", "ResponseMetadata"].map { Array($0.utf8) }

  /// The items of all policies that fired. Their matches quote the content; they are not looked at.
  private struct Items {
    let format: GuardFormat
    var names = NativeNames()
    var fired = 0
    var masked = 0
    var isDoubtful = false

    /// What an assessment has beside policies.
    private static let otherMembers = ["invocationMetrics", "appliedGuardrailDetails", "automatedReasoningPolicy"].map { Array($0.utf8) }

    mutating func add(assessment: JSONValue) {
      guard assessment.kind == .object else {
        addAll(in: assessment, policy: Bytes(start: nil, count: 0))
        return isDoubtful = true
      }
      for (policy, value) in assessment.members where !value.isNull && !Self.otherMembers.contains(where: { policy.elementsEqual($0) }) {
        // A policy is an object of lists of items.
        if value.kind != .object { isDoubtful = true }
        for (_, list) in value.members where !list.isNull {
          if list.kind != .array || list.elements.contains(where: { $0.kind != .object }) { isDoubtful = true }
        }
        addAll(in: value, policy: policy)
      }
    }

    /// Whatever says that it did or detected something is an item, wherever it stands.
    private mutating func addAll(in value: JSONValue, policy: Bytes) {
      if value["action"] != nil || value["detected"] != nil { return add(value, policy: policy) }
      for (_, member) in value.members { addAll(in: member, policy: policy) }
      for element in value.elements { addAll(in: element, policy: policy) }
      if value.kind == .object, value.count > 0, value.members.allSatisfy({ $0.value.kind != .array && $0.value.kind != .object }) { isDoubtful = true }
    }

    private mutating func add(_ item: JSONValue, policy: Bytes) {
      let action = item["action"]?.string
      let detected = item["detected"]?.bool
      switch action {
      case "BLOCKED": break
      case "ANONYMIZED": masked += 1
      case "NONE", nil:
        if detected == true { break }
        // Without `detected`, one that is confident of something may have detected it.
        let isSilent = detected == false || action != nil && (item["confidence"]?.string ?? "NONE") == "NONE"
        if !isSilent { isDoubtful = true }
        return
      default:
        isDoubtful = true
        if detected != true { return }
      }
      fired += 1
      if let category = item["type"]?.text.flatMap({ format.category(of: $0) }) ?? format.category(of: policy) {
        names.mention(category, of: format)
      } else {
        names.mentionUnlisted(of: format)
      }
    }
  }

  // MARK: - Google Model Armor

  static func readFilters(_ object: JSONValue, of format: GuardFormat) -> GuardReply {
    guard !object.hasSeveral(of: "sanitizationResult", "sanitization_result"),
      let result = object["sanitizationResult", "sanitization_result"],
      !result.hasSeveral(of: "filterMatchState", "filter_match_state"), !result.hasSeveral(of: "invocationResult", "invocation_result"),
      !result.hasSeveral(of: "filterResults", "filter_results"),
      let state = result["filterMatchState", "filter_match_state"]?.string, ["MATCH_FOUND", "NO_MATCH_FOUND"].contains(state)
    else { return .unreadable }
    var names = NativeNames()
    for (filter, value) in result["filterResults", "filter_results"].members where hasMatch(value) {
      var parts = 0
      for part in matchedParts(of: value) {
        parts += 1
        mention(Array(filter) + [0x2E] + part, of: format, in: &names)
      }
      if parts == 0 { mention(Array(filter), of: format, in: &names) }
    }
    if state == "NO_MATCH_FOUND" {
      // A filter that found something, or one that did not run, is not what this says.
      guard !hasMatch(result) else { return .unreadable }
      guard let outcome = result["invocationResult", "invocation_result"]?.string else { return .unreadable }
      return outcome == "SUCCESS" ? GuardReply(.safe) : ["PARTIAL", "FAILURE"].contains(outcome) ? .error(.other) : .unreadable
    }
    var reply = GuardReply(.unsafe)
    reply.names = names
    return reply
  }

  private static func mention(_ name: [UInt8], of format: GuardFormat, in names: inout NativeNames) {
    name.withUnsafeBufferPointer { name in
      if let category = format.category(of: name) { names.mention(category, of: format) } else { names.mentionUnlisted(of: format) }
    }
  }

  /// Whether a match is stated anywhere inside, whatever its name.
  private static func hasMatch(_ value: JSONValue) -> Bool {
    value.text?.elementsEqual("MATCH_FOUND".utf8) ?? false || value.elements.contains(where: hasMatch)
      || value.members.contains { hasMatch($0.value) }
  }

  /// The names of the kinds of harm that a filter tells apart, where they matched.
  private static func matchedParts(of filter: JSONValue) -> [[UInt8]] {
    filter.members.flatMap { _, result in
      (result["raiFilterTypeResults", "rai_filter_type_results"].members).filter { hasMatch($0.value) }.map { Array($0.name) }
    }
  }
}

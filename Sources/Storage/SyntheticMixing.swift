/// Made-up verdicts stand beside others only where that was asked for: they would be in every total.
package enum SyntheticMixing {
  /// - Parameters:
  ///   - sources: of a batch.
  ///   - hasSynthetic: whether the store has the source of made-up verdicts.
  ///   - hasOthers: whether it has any other source.
  ///   - place: how messages name the store.
  package static func refuse(sources: [String], hasSynthetic: Bool, hasOthers: Bool, place: String) throws(StoreError) {
    let bringsSynthetic = sources.contains(WriterOptions.syntheticSource)
    let bringsOthers = sources.contains { $0 != WriterOptions.syntheticSource }
    guard bringsSynthetic && (bringsOthers || hasOthers) || bringsOthers && hasSynthetic && !hasOthers else { return }
    throw StoreError(
      .synthetic,
      "\(place): synthetic verdicts would stand beside real ones and be in every total (of discarded ones, in the counters); use another --db, or --allow-synthetic if that is meant")
  }
}

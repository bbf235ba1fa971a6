import Testing
import Verdicts

@Suite struct LatencyScaleTests {
  @Test func everyBucketIsWithinFivePercentOfItsHarmonicMidpoint() {
    let edges = LatencyScale.edges
    #expect(edges.count <= 256)
    for index in 2..<edges.count {
      // The least and the greatest whole latency of the bucket.
      let low = Double(edges[index - 1] + 1)
      let high = Double(edges[index])
      #expect((high - low) / (high + low) <= 0.05)
    }
  }

  @Test func everyLatencyIsWithinFivePercentOfWhatStandsForItsBucket() {
    for (bucket, value) in LatencyScale.representatives.enumerated() where bucket > 0 {
      for latency in [LatencyScale.edges[bucket - 1] + 1, LatencyScale.edges[bucket]] {
        #expect(abs(Double(value - latency)) <= 0.05 * Double(latency), "bucket \(bucket)")
      }
    }
    #expect(LatencyScale.representatives[0] == 0)
  }

  @Test func latenciesFallBetweenTheirEdges() {
    let edges = LatencyScale.edges
    let around: [Int64] = edges.dropLast().flatMap { [$0, $0 + 1] }
    let roundNumbers: [Int64] = (0..<37).flatMap { bits in [-1, 0, 1].map { max(0, (1 << Int64(bits)) + $0) } }
    for latency in around + roundNumbers + (0..<5_000) + [123_456, LatencyScale.microsecondsMax] where latency <= LatencyScale.microsecondsMax {
      let bucket = Int(LatencyScale.bucket(microseconds: latency))
      #expect(latency <= edges[bucket])
      #expect(bucket == 0 || latency > edges[bucket - 1])
    }
  }

  /// The published histogram is counted exactly because its edges are edges here.
  @Test func theHistogramsEdgesAreEdges() {
    for (index, edge) in LatencyScale.histogramEdgesMicroseconds.enumerated() {
      #expect(LatencyScale.edges.contains(edge))
      #expect(LatencyScale.histogramBucket[Int(LatencyScale.bucket(microseconds: edge))] == index)
      #expect(LatencyScale.histogramBucket[Int(LatencyScale.bucket(microseconds: edge + 1))] == index + 1)
    }
  }
}

import SQLFiles
import Storage
import Verdicts

/// The verdicts of a store: blocks in order of (time, source, id) that never overlap, found through the index of their first
/// keys. A row belongs to the last block whose first key is not after its own, as in the leaves of a B-tree.
///
/// The key is the identity itself and no hash of it, so two ids can never meet; it begins with the time, so ids in random
/// order land side by side all the same.
struct VerdictBlocks {
  private let connection: SQLiteConnection
  private let files: SQLFiles
  private var decoder = VerdictBlockDecoder()
  private var merged: [VerdictRow] = []
  private var mergedIDs: [UInt8] = []

  init(connection: SQLiteConnection, files: SQLFiles) {
    self.connection = connection
    self.files = files
  }

  /// Adds rows that are new and tells duplicates from conflicts; within the rows the earlier line comes first.
  ///
  /// - Parameters:
  ///   - rows: in ascending order of key, equal keys in order of arrival.
  ///   - fates: as many as rows; filled in.
  mutating func add(
    _ rows: UnsafeBufferPointer<VerdictRow>, ids: UnsafePointer<UInt8>, fates: UnsafeMutableBufferPointer<VerdictFate>
  ) throws {
    var start = 0
    while start < rows.count {
      let block = try block(for: rows.baseAddress! + start, ids: ids)
      let end = try rowsBefore(nextBlockAfter: block, rows, ids: ids, from: start)
      try merge(
        UnsafeBufferPointer(rebasing: rows[start..<end]), ids: ids,
        fates: UnsafeMutableBufferPointer(rebasing: fates[start..<end]), into: block)
      start = end
    }
  }

  /// Removes all verdicts before a time: whole blocks, and the beginning of the one that reaches over it.
  mutating func removeAll(before time: Timestamp) throws {
    let delete = try connection.query("verdict_blocks.delete_before", of: files)
    delete.bind(1, time.microseconds)
    try delete.run()
    let first = try connection.query("verdict_blocks.first", of: files)
    guard try first.step() else { return first.reset() }
    let block = try read(first)
    first.reset()
    guard block.firstTime < time.microseconds else { return }
    merged.removeAll(keepingCapacity: true)
    mergedIDs.removeAll(keepingCapacity: true)
    decoder.rows.withUnsafeBufferPointer { rows in
      decoder.ids.withUnsafeBufferPointer { ids in
        for index in rows.indices where rows[index].time >= time.microseconds { append(rows.baseAddress! + index, ids.baseAddress!) }
      }
    }
    try write(replacing: block, isAppend: false)
  }

  /// Removes selected verdicts.
  ///
  /// - Returns: how many, by source.
  mutating func remove(_ selection: VerdictSelection) throws -> [UInt32: Int] {
    let list = try connection.query("verdict_blocks.numbers_in_span", of: files)
    list.bind(1, selection.span.from.microseconds)
    list.bind(2, selection.span.to.microseconds)
    var numbers: [Int64] = []
    while try list.step() { numbers.append(list.integer(0)) }
    list.reset()
    var removed: [UInt32: Int] = [:]
    for number in numbers {
      let find = try connection.query("verdict_blocks.find", of: files)
      find.bind(1, number)
      guard try find.step() else { continue }
      let block = try read(find)
      find.reset()
      merged.removeAll(keepingCapacity: true)
      mergedIDs.removeAll(keepingCapacity: true)
      decoder.rows.withUnsafeBufferPointer { rows in
        decoder.ids.withUnsafeBufferPointer { ids in
          for index in rows.indices {
            if selection.contains(rows[index]) { removed[rows[index].codes[Dimension.source.lane], default: 0] += 1 } else { append(rows.baseAddress! + index, ids.baseAddress!) }
          }
        }
      }
      if merged.isEmpty {
        let delete = try connection.query("verdict_blocks.delete", of: files)
        delete.bind(1, number)
        try delete.run()
      } else if merged.count < decoder.rows.count {
        try write(replacing: block, isAppend: false)
      }
    }
    return removed
  }

  /// A block that has been read; its rows are in the decoder.
  private struct Found {
    var block: Int64
    var firstTime: Int64
    var firstSource: Int64
    var firstID: [UInt8]
  }

  /// The block that holds, or would hold, a key. Before all blocks it is the first one; in an empty store there is none.
  private mutating func block(for key: UnsafePointer<VerdictRow>, ids: UnsafePointer<UInt8>) throws -> Found? {
    let search = try connection.query("verdict_blocks.at_or_before", of: files)
    search.bind(1, key.pointee.time)
    search.bind(2, Int64(key.pointee.codes[Dimension.source.lane]))
    search.bind(3, borrowing: UnsafeRawBufferPointer(start: ids + Int(key.pointee.idOffset), count: Int(key.pointee.idLength)))
    defer { search.reset() }
    if try search.step() { return try read(search) }
    let first = try connection.query("verdict_blocks.first", of: files)
    defer { first.reset() }
    return try first.step() ? try read(first) : nil
  }

  private mutating func read(_ row: SQLiteStatement) throws -> Found {
    let found = Found(
      block: row.integer(0), firstTime: row.integer(1), firstSource: row.integer(2), firstID: Array(row.blob(3)))
    guard decoder.decode(row.blob(4), fields: .all), let first = decoder.rows.first, first.time == found.firstTime,
      Int64(first.codes[Dimension.source.lane]) == found.firstSource,
      decoder.ids[Int(first.idOffset)..<Int(first.idOffset) + Int(first.idLength)].elementsEqual(found.firstID)
    else { throw Self.damage(block: found.block, path: connection.path) }
    return found
  }

  static func damage(block: Int64, path: String) -> StoreError {
    StoreError(.damaged, "\(path): verdict block \(block) is damaged; restore the database from a backup")
  }

  /// How far the rows belong into a block: the first index from `start` on whose key is not before the next block's.
  private func rowsBefore(
    nextBlockAfter block: Found?, _ rows: UnsafeBufferPointer<VerdictRow>, ids: UnsafePointer<UInt8>, from start: Int
  ) throws -> Int {
    guard let block else { return rows.count }
    let search = try connection.query("verdict_blocks.first_key_after", of: files)
    defer { search.reset() }
    search.bind(1, block.firstTime)
    search.bind(2, block.firstSource)
    let hasNext = try block.firstID.withUnsafeBytes { bytes in
      search.bind(3, borrowing: bytes)
      return try search.step()
    }
    guard hasNext else { return rows.count }
    var next = VerdictRow()
    next.time = search.integer(0)
    next.codes[Dimension.source.lane] = UInt32(truncatingIfNeeded: search.integer(1))
    let nextID = Array(search.blob(2))
    guard let idLength = UInt16(exactly: nextID.count), idLength > 0 else {
      throw StoreError(.damaged, "\(connection.path): the key of a verdict block is damaged; restore the database from a backup")
    }
    next.idLength = idLength
    return nextID.withUnsafeBufferPointer { nextID in
      // The first row belongs to the block by how it was found, so the answer is above `start`.
      var low = start + 1
      var high = rows.count
      while low < high {
        let middle = (low + high) / 2
        if VerdictKey.compare(rows.baseAddress! + middle, ids, &next, nextID.baseAddress!) < 0 { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }

  /// Merges rows with those of the decoder (none without a block), and writes blocks where anything was stored.
  private mutating func merge(
    _ rows: UnsafeBufferPointer<VerdictRow>, ids: UnsafePointer<UInt8>, fates: UnsafeMutableBufferPointer<VerdictFate>, into block: Found?
  ) throws {
    let oldCount = block == nil ? 0 : decoder.rows.count
    merged.removeAll(keepingCapacity: true)
    mergedIDs.removeAll(keepingCapacity: true)
    merged.reserveCapacity(oldCount + rows.count)
    var storedCount = 0
    var oldAfterFirstStored = 0
    var lastStored: Int?
    decoder.rows.withUnsafeBufferPointer { old in
      decoder.ids.withUnsafeBufferPointer { oldIDs in
        var oldIndex = 0
        for index in 0..<rows.count {
          let row = rows.baseAddress! + index
          var order = 1
          while oldIndex < oldCount {
            order = VerdictKey.compare(old.baseAddress! + oldIndex, oldIDs.baseAddress!, row, ids)
            if order >= 0 { break }
            append(old.baseAddress! + oldIndex, oldIDs.baseAddress!)
            oldIndex += 1
          }
          if oldIndex < oldCount, order == 0 {
            fates[index] = old[oldIndex].hasSameContent(as: row.pointee) ? .duplicate : .conflict
          } else if let first = lastStored, VerdictKey.compare(rows.baseAddress! + first, ids, row, ids) == 0 {
            // Equal keys stand side by side, so the row stored last is the only one that this one can repeat.
            fates[index] = rows[first].hasSameContent(as: row.pointee) ? .duplicate : .conflict
          } else {
            fates[index] = .stored
            lastStored = index
            if storedCount == 0 { oldAfterFirstStored = oldCount - oldIndex }
            storedCount += 1
            append(row, ids)
          }
        }
        while oldIndex < oldCount {
          append(old.baseAddress! + oldIndex, oldIDs.baseAddress!)
          oldIndex += 1
        }
      }
    }
    guard storedCount > 0 else { return }
    try write(replacing: block, isAppend: oldAfterFirstStored == 0)
  }

  private mutating func append(_ row: UnsafePointer<VerdictRow>, _ ids: UnsafePointer<UInt8>) {
    var copy = row.pointee
    copy.idOffset = UInt32(mergedIDs.count)
    mergedIDs.append(contentsOf: UnsafeBufferPointer(start: ids + Int(row.pointee.idOffset), count: Int(row.pointee.idLength)))
    merged.append(copy)
  }

  /// Writes the merged rows: full blocks and a rest where they follow all others, even ones where a block had to be split.
  private func write(replacing block: Found?, isAppend: Bool) throws {
    let chunkCount = (merged.count + VerdictBlockEncoder.rowsMax - 1) / VerdictBlockEncoder.rowsMax
    let chunkRows = isAppend ? VerdictBlockEncoder.rowsMax : (merged.count + chunkCount - 1) / chunkCount
    var start = 0
    while start < merged.count {
      let end = min(start + chunkRows, merged.count)
      let payload = merged.withUnsafeBufferPointer { merged in
        mergedIDs.withUnsafeBufferPointer { ids in
          VerdictBlockEncoder.encode(UnsafeBufferPointer(rebasing: merged[start..<end]), ids: ids.baseAddress!)
        }
      }
      let first = merged[start]
      let firstID = mergedIDs[Int(first.idOffset)..<Int(first.idOffset) + Int(first.idLength)]
      if start == 0, let block {
        if block.firstTime == first.time, block.firstSource == Int64(first.codes[Dimension.source.lane]), firstID.elementsEqual(block.firstID) {
          try replaceTail(of: block.block, lastTime: merged[end - 1].time, count: end - start, payload: payload)
          start = end
          continue
        }
        let delete = try connection.query("verdict_blocks.delete", of: files)
        delete.bind(1, block.block)
        try delete.run()
      }
      try insert(first: first, firstID: firstID, lastTime: merged[end - 1].time, count: end - start, payload: payload)
      start = end
    }
  }

  private func replaceTail(of block: Int64, lastTime: Int64, count: Int, payload: [UInt8]) throws {
    let replace = try connection.query("verdict_blocks.replace_tail", of: files)
    replace.bind(1, block)
    replace.bind(2, lastTime)
    replace.bind(3, Int64(count))
    try payload.withUnsafeBytes { bytes throws in
      replace.bind(4, borrowing: bytes)
      try replace.run()
    }
  }

  private func insert(
    first: VerdictRow, firstID: ArraySlice<UInt8>, lastTime: Int64, count: Int, payload: [UInt8]
  ) throws {
    let insert = try connection.query("verdict_blocks.insert", of: files)
    insert.bind(1, first.time)
    insert.bind(2, Int64(first.codes[Dimension.source.lane]))
    insert.bind(4, lastTime)
    insert.bind(5, Int64(count))
    try firstID.withUnsafeBytes { id throws in
      insert.bind(3, borrowing: id)
      try payload.withUnsafeBytes { bytes throws in
        insert.bind(6, borrowing: bytes)
        try insert.run()
      }
    }
  }
}

// swift-tools-version:6.1
import PackageDescription

// The arrows of the architecture are the `dependencies` below: values know nothing of records, stores or SQL; only a
// driver knows a C database library; the executable chooses a driver and calls libraries. See docs/architecture.md.
let package = Package(
  name: "guardtally",
  products: [
    .executable(name: "guardtally", targets: ["guardtally"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CLibPQ", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),

    .target(name: "Verdicts"),
    .target(name: "Statistics"),
    .target(name: "CChecksum"),
    .target(name: "ByteCoding", dependencies: ["CChecksum"]),
    .target(name: "JSONReading", dependencies: ["Verdicts"]),
    .target(name: "Guards", dependencies: ["JSONReading", "Verdicts"], exclude: ["guards.json"], plugins: ["EmbedFiles"]),
    .target(name: "Tallies", dependencies: ["ByteCoding", "Verdicts"]),
    .target(
      name: "Records",
      dependencies: ["ByteCoding", "Verdicts", "Guards", "JSONReading", "CZlib", .product(name: "Crypto", package: "swift-crypto")]),
    .target(
      name: "Storage",
      dependencies: [
        "ByteCoding", "Verdicts", "Tallies", .product(name: "Crypto", package: "swift-crypto"),
      ]),

    .executableTarget(name: "embed-files"),
    .plugin(name: "EmbedFiles", capability: .buildTool(), dependencies: ["embed-files"]),
    .target(name: "SQLFiles", plugins: ["EmbedFiles"]),
    .target(
      name: "StoreSQLite", dependencies: ["ByteCoding", "Verdicts", "Tallies", "Storage", "SQLFiles", "CSQLite"]),

    .target(
      name: "StorePostgres", dependencies: ["ByteCoding", "Verdicts", "Tallies", "Storage", "SQLFiles", "CLibPQ"]),

    .target(name: "Ingestion", dependencies: ["Verdicts", "Records", "Storage"]),
    .target(name: "Reports", dependencies: ["Verdicts", "Guards", "Records", "Tallies", "Statistics", "Storage"]),
    .target(name: "Exposition", dependencies: ["Verdicts", "Tallies", "Statistics", "Storage", "Reports"]),
    .target(name: "Verification", dependencies: ["Verdicts", "Tallies", "Storage"]),
    .target(name: "Traffic", dependencies: ["Verdicts"]),
    .target(name: "Files"),
    .target(
      name: "Aggregation",
      dependencies: [
        "Verdicts", "Storage", "Reports", "Verification", "Files", .product(name: "Crypto", package: "swift-crypto"),
      ]),

    .target(
      name: "Serving",
      dependencies: [
        "Verdicts", "JSONReading", "Records", "Guards", "Storage", "Ingestion", "Reports", "Exposition", "Aggregation", "CZlib",
        .product(name: "Hummingbird", package: "hummingbird"), .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "Crypto", package: "swift-crypto"),
      ]),

    .executableTarget(
      name: "guardtally",
      dependencies: [
        "Guards", "JSONReading", "Ingestion", "Serving", "Reports", "Exposition", "Verification", "Traffic", "Files", "Aggregation", "StoreSQLite",
        "StorePostgres", "SQLFiles",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),

    .target(name: "StoreConformance", dependencies: ["Verdicts", "Tallies", "Storage"], path: "Tests/StoreConformance"),
    .testTarget(name: "VerdictsTests", dependencies: ["Verdicts"]),
    .target(name: "RecordOracle", dependencies: ["Records", "Verdicts"], path: "Tests/RecordOracle"),
    .target(name: "GuardOracle", dependencies: ["Guards", "JSONReading", "Verdicts"], path: "Tests/GuardOracle"),
    .testTarget(name: "GuardsTests", dependencies: ["Guards", "GuardOracle", "JSONReading", "Verdicts"]),
    .testTarget(name: "RecordsTests", dependencies: ["Records", "RecordOracle", "Verdicts"]),
    .testTarget(name: "TalliesTests", dependencies: ["ByteCoding", "Tallies", "Statistics", "Verdicts"]),
    .testTarget(
      name: "StoreSQLiteTests",
      dependencies: ["StoreSQLite", "StoreConformance", "Storage", "Tallies", "Verification", "Verdicts", "CSQLite"]),
    .testTarget(
      name: "StorePostgresTests",
      dependencies: ["StorePostgres", "StoreConformance", "Storage", "Aggregation", "Verification", "Verdicts", "CLibPQ"]),
    .testTarget(name: "AggregationTests", dependencies: ["Aggregation", "Reports", "Storage", "Verdicts"]),
    .testTarget(name: "ReportsTests", dependencies: ["Reports", "Verdicts"]),
    .testTarget(
      name: "ExpositionTests", dependencies: ["Exposition", "StoreConformance", "StoreSQLite", "Storage", "Verdicts"]),
    .testTarget(name: "EndToEndTests", dependencies: ["guardtally"]),
  ],
  swiftLanguageModes: [.v6]
)

// Built by script/fuzz alone, in a folder of its own: coverage slows everything else down.
if let fuzzerLibrary = Context.environment["GUARDTALLY_FUZZER_LIBRARY"] {
  let coverage = SwiftSetting.unsafeFlags(["-sanitize=fuzzer", "-parse-as-library"])
  for (name, oracle, folder) in [("fuzz-records", "RecordOracle", "FuzzRecords"), ("fuzz-guards", "GuardOracle", "FuzzGuards")] {
    package.targets.append(
      .executableTarget(
        name: name, dependencies: name == "fuzz-guards" ? ["GuardOracle", "Guards"] : [.target(name: oracle)], path: "Tests/\(folder)",
        swiftSettings: [coverage], linkerSettings: [.unsafeFlags([fuzzerLibrary, "-lstdc++"])]))
  }
  for target in package.targets where ["Guards", "GuardOracle", "JSONReading", "Records", "RecordOracle", "Verdicts"].contains(target.name) { target.swiftSettings = [coverage] }
}

for target in package.targets where target.type == .regular || target.type == .executable || target.type == .test {
  target.swiftSettings = (target.swiftSettings ?? []) + [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
  ]
}

// Every cap of the project, in one place, named with its unit. A test per limit sends limit and
// limit + 1.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::limits {

// Client and upstream message heads (reliability: amplification <= 10x).
inline constexpr size_t kHeadBytes = 32 * 1024;       // request or response head, all lines
inline constexpr size_t kHeadFields = 100;            // fields in one head
inline constexpr size_t kFieldNameBytes = 128;        // one field name
inline constexpr size_t kFieldValueBytes = 8 * 1024;  // one field value
inline constexpr size_t kMethodBytes = 24;            // request method token
inline constexpr size_t kTargetBytes = 8 * 1024;      // request target
inline constexpr size_t kHostBytes = 253;             // DNS name, without port (RFC 1035)
inline constexpr size_t kPathSegments = 256;          // segments of a canonical path
inline constexpr size_t kInterimResponses = 8;        // 1xx heads before the final one
inline constexpr size_t kRequestIdBytes = 128;        // a longer client x-request-id is replaced
inline constexpr size_t kForwardedHops = 32;          // of an X-Forwarded-For, counted from its end
inline constexpr size_t kProxyHeaderBytes = 16 + 4096;  // a PROXY protocol header, version 2

// Bodies.
inline constexpr size_t kChunkSizeDigits = 16;       // hex digits of one chunk size
inline constexpr size_t kChunkExtensionBytes = 256;  // extensions of one chunk; dropped
inline constexpr size_t kTrailerBytes = 8 * 1024;    // all trailer lines
inline constexpr size_t kTrailerFields = 32;         // trailer fields
inline constexpr uint64_t kBodyBytes = 1ULL << 40;   // largest Content-Length that is believed

// Buffers.
inline constexpr size_t kBlockBytes = 16 * 1024;  // one I/O block
inline constexpr size_t kBlockSlackBytes = 64;    // behind each block, for wide loads
// A block after two full reads; the most held per stream and direction.
inline constexpr size_t kBulkBytes = 64 * 1024;
// What is held over a wait and is no larger moves into a block of this size.
inline constexpr size_t kSmallBlockBytes = 1024;
inline constexpr size_t kMiddleBlockBytes = 4 * 1024;
// A body span up to this is copied behind the staged head.
inline constexpr size_t kInlineBodyBytes = 4 * 1024;
// A body of which as much is still to come passes inside the kernel, unread.
inline constexpr uint64_t kSpliceBytes = 32 * 1024;
inline constexpr size_t kPipes = 256;  // of one worker, two descriptors each; without one we copy
inline constexpr size_t kPipeBytes = 256 * 1024;  // that one holds at most, in the kernel

// Connections of one worker.
inline constexpr size_t kConnections = 16 * 1024;
inline constexpr size_t kConnectionsPerSource = kConnections / 2;  // --max-connections-per-source
inline constexpr size_t kIdleUpstreamsPerEndpoint = 256;
inline constexpr size_t kAttempts = 3;  // tries of one request, first included

// How slow a peer may be while it alone is waited for (docs/attrition.md).
inline constexpr int64_t kPaceWindowMs = 10'000;      // a client is judged by so much waiting
inline constexpr uint64_t kPaceBytesPerSecond = 240;  // in a window, on average

// The overload ladder (docs/overload.md): per mille of the memory limit at which a step begins, and
// how far below its mark memory must be before the step is left.
inline constexpr uint32_t kShrinkPermille = 750;
inline constexpr uint32_t kClosePermille = 800;
inline constexpr uint32_t kRefusePermille = 850;
inline constexpr uint32_t kReclaimPermille = 920;
inline constexpr uint32_t kStopPermille = 950;
inline constexpr uint32_t kStepSlackPermille = 50;
inline constexpr size_t kFrugalIdleUpstreams = 16;  // per endpoint, instead of the number above
// Of the pod's limit, for supervisor, steward and live state: this, but at least an eighth.
inline constexpr size_t kPodReserveBytes = size_t{16} << 20;
inline constexpr size_t kWorkerShareBytes = size_t{24} << 20;  // least memory of one worker

// The table.
inline constexpr size_t kSegmentBytes = size_t{1} << 30;
inline constexpr size_t kHosts = 200'000;
inline constexpr size_t kRules = 1'000'000;
inline constexpr size_t kMatchesPerHost = 200'000;
inline constexpr size_t kPredicatesPerMatch = 24;
inline constexpr size_t kSplitsPerRule = 32;
inline constexpr size_t kEditsPerRule = 64;
inline constexpr size_t kBackends = 200'000;
inline constexpr size_t kEndpoints = 200'000;
inline constexpr size_t kWeight = 1'000'000;
inline constexpr size_t kPathBytes = 1024;   // a path in a rule
inline constexpr size_t kRegexBytes = 1024;  // one pattern
inline constexpr size_t kRegexesPerHost = 20;
inline constexpr int64_t kRegexProgram = 10'000;  // RE2 program size
// Places of a pattern that may be meant at the same time, which is what a byte of text costs.
inline constexpr uint64_t kRegexWideSets = 16;         // that match one of several characters
inline constexpr uint64_t kRegexWideLiterals = 300;    // that match one
inline constexpr int64_t kRegexMemoryBytes = 1 << 20;  // program and cached states of one RE2
inline constexpr size_t kNameBytes = 1024;  // a name for people: of a rule, backend or endpoint
inline constexpr size_t kProbe = 32;        // entries of a hash bucket that are looked at in turn
inline constexpr uint32_t kTimeoutMs = 24 * 3600 * 1000;

// The hand-over.
inline constexpr size_t kMessageBytes = 1024;  // one SOCK_SEQPACKET message

// Processes of one pod.
inline constexpr size_t kWorkers = 64;
inline constexpr size_t kListeners = 16;  // addresses that clients connect to

// Live state of one pod (design 10.5); untouched slots cost no memory.
inline constexpr size_t kLoadSlots = 262'144;       // endpoints, with those that rest
inline constexpr size_t kCounterSlots = 50'002;     // (rule, backend) pairs, other and unrouted
inline constexpr size_t kBuckets = 1'000'000;       // (policy, rule, caller)
inline constexpr size_t kExchanges = kConnections;  // open at once in one worker
inline constexpr size_t kLostExchanges = 4'096;     // of dead workers, until the log has them
inline constexpr size_t kLogRingBytes = size_t{1} << 20;  // of one worker
inline constexpr size_t kGenerationsMapped = 4;           // of routes in one worker; older pins end
inline constexpr size_t kLogHeaders = 8;    // request headers that the access log may name
inline constexpr size_t kTrustedHops = 64;  // CIDRs

// Files and objects.
inline constexpr size_t kManifestBytes = 4 * 1024 * 1024;  // one file
inline constexpr size_t kManifestFiles = 20'000;
inline constexpr size_t kManifestDocuments = 10'000;  // in one file
inline constexpr size_t kManifestDepth = 64;
inline constexpr size_t kManifestNodes = 1'000'000;  // nodes of one file, aliases expanded
// Scalars of one file, aliases expanded.
inline constexpr size_t kManifestTextBytes = 4 * kManifestBytes;
// Problems listed of one document, and of one file.
inline constexpr size_t kManifestProblems = 100;
inline constexpr size_t kReportLines = 1'000;          // problems, and notes, of all files together
inline constexpr size_t kManifestDirectories = 4'096;  // directories watched
inline constexpr size_t kManifestDirectoryDepth = 32;  // directories below a root

// Verdicts.
inline constexpr size_t kFindingsPerObject = 64;  // more are counted, not listed

// The admin sockets.
inline constexpr size_t kAdminConnections = 32;  // of one listener; more wait in the listen queue
inline constexpr size_t kAdminRequestBytes = 8 * 1024;  // one request head; bodies are refused
// From accept to close; where a connection is kept, for a head, and for each piece of an answer.
inline constexpr int64_t kAdminConnectionMs = 5000;
inline constexpr int64_t kAdminAnswerMs = 30'000;  // for all pieces of a long answer

}  // namespace sluice::limits

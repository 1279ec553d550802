// One file per segment: a head with the checksum of itself, then the bytes, whose digest the head
// has. Written beside and renamed, so that a reader never sees half of one.
#include "proxy/steward/last_good.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table/builder.h"
#include "table/key.h"
#include "table/limits.h"
#include "table/view.h"
#include "table/write.h"

namespace sluice::steward {
namespace {

constexpr uint64_t kMagic = 0x31646f6f676c73;  // "slgood1"
constexpr mode_t kMode = 0600;
constexpr const char* kBeside = ".new";

struct Head {
    uint64_t magic;
    uint64_t schema;
    uint64_t segment;
    uint64_t generation;
    uint64_t digest;
    uint64_t size;
    uint64_t checksum;  // of what stands before it
};

uint64_t checksum_of(const Head& head) {
    return table::hash64({reinterpret_cast<const char*>(&head), offsetof(Head, checksum)});
}

std::string path_of(const std::string& directory, table::Segment segment) {
    return directory + (segment == table::Segment::routes ? "/routes" : "/endpoints");
}

tl::unexpected<std::string> failed(const std::string& path, const char* call) {
    return tl::unexpected<std::string>(path + ": " + call + ": " + std::strerror(errno));
}

bool read_all(int fd, std::span<std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t got = ::read(fd, bytes.data(), bytes.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        bytes = bytes.subspan(static_cast<size_t>(got));
    }
    return true;
}

tl::expected<void, std::string> write_beside(const std::string& path, const Copied& copied) {
    const table::Descriptor file(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kMode)
    );
    if (!file) return failed(path, "open");
    Head head{
        kMagic,
        table::schema_hash(),
        static_cast<uint64_t>(copied.segment),
        copied.generation,
        copied.digest,
        copied.bytes.size(),
        0,
    };
    head.checksum = checksum_of(head);
    const bool whole = table::write_all(file.get(), std::as_bytes(std::span(&head, 1))) &&
                       table::write_all(file.get(), copied.bytes);
    if (!whole) return failed(path, "write");
    return {};
}

// Why it cannot be the copy of this segment; "" when it can.
const char* wrong_with(const Head& head, table::Segment segment, uint64_t file_size) {
    if (head.magic != kMagic || head.checksum != checksum_of(head)) return "not a whole copy";
    if (head.segment != static_cast<uint64_t>(segment)) return "of another segment";
    if (head.schema != table::schema_hash()) return "of another build's schema";
    if (head.size > limits::kSegmentBytes) return "too large";
    if (head.size != file_size - sizeof head) return "cut";
    return "";
}

}  // namespace

tl::expected<void, std::string> save(const std::string& directory, std::span<const Copied> copies) {
    for (const Copied& copied : copies) {
        const std::string beside = path_of(directory, copied.segment) + kBeside;
        auto written = write_beside(beside, copied);
        if (written) continue;
        ::unlink(beside.c_str());
        return written;
    }
    // Endpoints first: new ones under old routes are endpoints that nobody asks for, but new routes
    // over old endpoints would be backends without any.
    for (const table::Segment segment : {table::Segment::endpoints, table::Segment::routes}) {
        const std::string path = path_of(directory, segment);
        const auto is_it = [segment](const Copied& copied) { return copied.segment == segment; };
        if (std::none_of(copies.begin(), copies.end(), is_it)) continue;
        if (::rename((path + kBeside).c_str(), path.c_str()) != 0) return failed(path, "rename");
    }
    return {};
}

tl::expected<std::optional<SavedSegment>, std::string> load(
    const std::string& directory, table::Segment segment
) {
    const std::string path = path_of(directory, segment);
    const table::Descriptor file(
        ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    );
    if (!file && errno == ENOENT) return std::optional<SavedSegment>();
    if (!file) return failed(path, "open");
    struct stat status{};
    if (::fstat(file.get(), &status) != 0) return failed(path, "fstat");
    const auto refusal = [&path](const char* why) {
        return tl::unexpected<std::string>(path + ": " + why);
    };
    Head head{};
    const auto file_size = static_cast<uint64_t>(status.st_size);
    if (!S_ISREG(status.st_mode) || file_size < sizeof head) return refusal("not a whole copy");
    if (!read_all(file.get(), std::as_writable_bytes(std::span(&head, 1)))) {
        return failed(path, "read");
    }
    const std::string_view wrong = wrong_with(head, segment, file_size);
    if (!wrong.empty()) return refusal(wrong.data());
    SavedSegment saved{head.generation, head.digest, std::vector<std::byte>(head.size)};
    if (!read_all(file.get(), saved.bytes)) return refusal("cut");
    if (table::digest(saved.bytes) != head.digest) return refusal("its bytes were changed");
    return saved;
}

}  // namespace sluice::steward

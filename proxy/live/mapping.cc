// The mapping made, checked and opened: where each region stands follows from the sizes alone, so
// a directory is right when it is the one that its sizes give.
#include "proxy/live/mapping.h"

#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice::live {
namespace {

// Debian 12's headers do not know it yet; the kernel does since 6.3.
constexpr unsigned kNoExecSeal = 0x0008U;
constexpr int kSizeSeals = F_SEAL_SHRINK | F_SEAL_GROW;
constexpr uint64_t kPageBytes = 4096;
constexpr uint32_t kMostWorkers = 0xffff;  // LostRecord::worker; also keeps sums far below 2^64

constexpr uint64_t whole_pages(uint64_t bytes) {
    return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

constexpr size_t index_of(RegionKind kind) {
    return static_cast<size_t>(kind) - 1;
}

tl::unexpected<std::string> failed(const char* call) {
    return tl::unexpected<std::string>(std::string(call) + ": " + std::strerror(errno));
}

tl::unexpected<std::string> refusal(const char* sentence) {
    return tl::unexpected<std::string>(sentence);
}

// nullptr: fit for a mapping.
const char* flaw(const Sizes& sizes) {
    if (sizes.workers == 0 || sizes.workers > kMostWorkers) {
        return "live state is for 1 to 65535 workers";
    }
    if (sizes.load_slots <= kOtherSlot) return "live state needs at least one load slot";
    if (sizes.counter_slots <= kUnroutedSlot) return "live state needs at least two counter slots";
    if (sizes.log_ring_bytes != 0 && !std::has_single_bit(sizes.log_ring_bytes)) {
        return "the size of a log ring is a power of two";
    }
    return nullptr;
}

struct Need {
    RegionKind kind;
    uint64_t stride;
    uint64_t count;
};

std::array<Need, kRegions> needs(const Sizes& sizes) {
    const uint64_t workers = sizes.workers;
    const auto pages = [](uint64_t entry, uint64_t count) { return whole_pages(entry * count); };
    return {{
        {RegionKind::pod, kPageBytes, 1},
        {RegionKind::workers, kPageBytes, workers},
        {RegionKind::load_slots, sizeof(SlotRecord), sizes.load_slots},
        {RegionKind::loads, pages(sizeof(Word), sizes.load_slots), workers},
        {RegionKind::failures, pages(sizeof(Count), sizes.load_slots), workers},
        {RegionKind::counter_slots, sizeof(SlotRecord), sizes.counter_slots},
        {RegionKind::counters, pages(sizeof(Counter), sizes.counter_slots), workers},
        {RegionKind::counter_loads, pages(sizeof(Word), sizes.counter_slots), workers},
        {RegionKind::buckets, sizeof(Bucket), sizes.buckets},
        {RegionKind::journal, pages(sizeof(JournalRecord), sizes.journal_records), workers},
        {RegionKind::lost, kLostRecordsAt + pages(sizeof(LostRecord), sizes.lost_records), 1},
        {RegionKind::log_rings,
         whole_pages(kLogBytesAt + uint64_t{sizes.log_ring_bytes} + kLogSlackBytes),
         workers},
        {RegionKind::probe_results, 0, 0},
        {RegionKind::prefix_index, 0, 0},
    }};
}

Header header_for(const Sizes& sizes) {
    Header header{};
    header.magic = kMagic;
    header.layout = layout_hash();
    header.sizes = sizes;
    uint64_t offset = whole_pages(sizeof(Header));
    for (const Need& need : needs(sizes)) {
        header.regions[index_of(need.kind)] = {offset, need.stride, need.count};
        offset += whole_pages(need.stride * need.count);
    }
    header.bytes = offset;
    return header;
}

bool same(const Region& left, const Region& right) {
    return left.offset == right.offset && left.stride == right.stride && left.count == right.count;
}

// nullptr: a mapping of this build, and `bytes` long. `header` is the reader's own copy.
const char* flaw(const Header& header, uint64_t bytes) {
    if (header.magic != kMagic) return "not a mapping of live state";
    if (header.layout != layout_hash()) return "live state of another build";
    if (const char* const wrong = flaw(header.sizes)) return wrong;
    const Header right = header_for(header.sizes);
    if (header.bytes != right.bytes || bytes != right.bytes) {
        return "live state of another size than its header says";
    }
    for (size_t i = 0; i < kRegions; ++i) {
        if (!same(header.regions[i], right.regions[i])) {
            return "live state with a region out of place";
        }
    }
    return nullptr;
}

// -1: errno says why.
int new_memfd() {
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    const int fd = ::memfd_create("sluice-live", flags | kNoExecSeal);
    if (fd >= 0 || errno != EINVAL) return fd;
    return ::memfd_create("sluice-live", flags);
}

}  // namespace

// Closes `fd` again unless all went well.
tl::expected<Mapping, std::string> Mapping::create(const Sizes& sizes, int& fd) {
    if (const char* const wrong = flaw(sizes)) return refusal(wrong);
    const Header header = header_for(sizes);
    struct Guard {
        int fd;
        ~Guard() {
            if (fd >= 0) ::close(fd);
        }
    } memory{new_memfd()};
    if (memory.fd < 0) return failed("memfd_create of the live state");
    if (::ftruncate(memory.fd, static_cast<off_t>(header.bytes)) != 0) {
        return failed("ftruncate of the live state");
    }
    if (::fcntl(memory.fd, F_ADD_SEALS, kSizeSeals | F_SEAL_SEAL) != 0) {
        return failed("seal the live state");
    }
    auto mapping = map(memory.fd, header.bytes);
    if (!mapping) return mapping;
    std::memcpy(mapping->base_, &header, sizeof header);
    mapping->sizes_ = sizes;
    mapping->regions_ = header.regions;
    fd = std::exchange(memory.fd, -1);
    return mapping;
}

tl::expected<Mapping, std::string> Mapping::attach(int fd) {
    const int seals = ::fcntl(fd, F_GET_SEALS);
    // Sealed against shrinking, a mapping can never fault.
    if (seals < 0 || (seals & kSizeSeals) != kSizeSeals) {
        return refusal("a descriptor that is no memfd of fixed size");
    }
    struct stat status{};
    if (::fstat(fd, &status) != 0) return failed("fstat of the live state");
    const auto bytes = static_cast<uint64_t>(status.st_size);
    if (bytes < sizeof(Header)) return refusal("live state without a header");
    auto mapping = map(fd, bytes);
    if (!mapping) return mapping;
    Header header;
    std::memcpy(&header, mapping->base_, sizeof header);
    if (const char* const wrong = flaw(header, bytes)) return refusal(wrong);
    mapping->sizes_ = header.sizes;
    mapping->regions_ = header.regions;
    return mapping;
}

tl::expected<Mapping, std::string> Mapping::map(int fd, size_t bytes) {
    void* const base = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) return failed("mmap of the live state");
    Mapping mapping;
    mapping.base_ = static_cast<std::byte*>(base);
    mapping.size_ = bytes;
    return mapping;
}

Mapping::Mapping(Mapping&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      sizes_(other.sizes_),
      regions_(other.regions_) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(size_, other.size_);
    std::swap(sizes_, other.sizes_);
    std::swap(regions_, other.regions_);
    return *this;
}

Mapping::~Mapping() {
    if (base_ != nullptr) ::munmap(base_, size_);
}

const Region& Mapping::region(RegionKind kind) const {
    return regions_[index_of(kind)];
}

template <typename Entry>
Entry* Mapping::entry(RegionKind kind, uint64_t index) const {
    const Region& where = region(kind);
    return reinterpret_cast<Entry*>(base_ + where.offset + where.stride * index);
}

template <typename Entry>
std::span<Entry> Mapping::entries(RegionKind kind, uint64_t index, size_t count) const {
    return {entry<Entry>(kind, index), count};
}

PodRecord& Mapping::pod() const {
    return *entry<PodRecord>(RegionKind::pod, 0);
}

WorkerRecord& Mapping::worker(uint32_t worker) const {
    return *entry<WorkerRecord>(RegionKind::workers, worker);
}

std::span<Word> Mapping::loads(uint32_t worker) const {
    return entries<Word>(RegionKind::loads, worker, sizes_.load_slots);
}

std::span<Count> Mapping::failures(uint32_t worker) const {
    return entries<Count>(RegionKind::failures, worker, sizes_.load_slots);
}

std::span<Counter> Mapping::counters(uint32_t worker) const {
    return entries<Counter>(RegionKind::counters, worker, sizes_.counter_slots);
}

std::span<Word> Mapping::counter_loads(uint32_t worker) const {
    return entries<Word>(RegionKind::counter_loads, worker, sizes_.counter_slots);
}

std::span<JournalRecord> Mapping::journal(uint32_t worker) const {
    return entries<JournalRecord>(RegionKind::journal, worker, sizes_.journal_records);
}

// A hole reads as zero in every process. Where holes cannot be made, zeroes are written.
void Mapping::clear(RegionKind kind, uint32_t worker) const {
    std::byte* const start = entry<std::byte>(kind, worker);
    const size_t bytes = region(kind).stride;
    if (bytes == 0 || ::madvise(start, bytes, MADV_REMOVE) == 0) return;
    std::memset(start, 0, bytes);
}

LogRing& Mapping::log_ring(uint32_t worker) const {
    return *entry<LogRing>(RegionKind::log_rings, worker);
}

std::byte* Mapping::log_bytes(uint32_t worker) const {
    return entry<std::byte>(RegionKind::log_rings, worker) + kLogBytesAt;
}

std::span<SlotRecord> Mapping::load_slots() const {
    return entries<SlotRecord>(RegionKind::load_slots, 0, sizes_.load_slots);
}

std::span<SlotRecord> Mapping::counter_slots() const {
    return entries<SlotRecord>(RegionKind::counter_slots, 0, sizes_.counter_slots);
}

std::span<Bucket> Mapping::buckets() const {
    return entries<Bucket>(RegionKind::buckets, 0, sizes_.buckets);
}

LostRing& Mapping::lost_ring() const {
    return *entry<LostRing>(RegionKind::lost, 0);
}

std::span<LostRecord> Mapping::lost() const {
    std::byte* const first = entry<std::byte>(RegionKind::lost, 0) + kLostRecordsAt;
    return {reinterpret_cast<LostRecord*>(first), sizes_.lost_records};
}

}  // namespace sluice::live

// Sealed memories: made, checked and mapped.
#include "table/channel.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table/limits.h"
#include "table/write.h"

namespace sluice::table {
namespace {

// Debian 12's headers do not know it yet; the kernel does since 6.3.
constexpr unsigned kNoExecSeal = 0x0008U;
constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

tl::unexpected<ChannelError> refusal(Reason reason, std::string message) {
    return tl::unexpected<ChannelError>(ChannelError{reason, std::move(message)});
}

tl::unexpected<ChannelError> failed(const char* call) {
    return refusal(Reason::internal, std::string(call) + ": " + std::strerror(errno));
}

std::string too_large(uint64_t bytes) {
    return "a segment of " + std::to_string(bytes) + " bytes; at most " +
           std::to_string(limits::kSegmentBytes) + " are allowed";
}

Descriptor new_memfd(const std::string& name) {
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    Descriptor memory(::memfd_create(name.c_str(), flags | kNoExecSeal));
    if (!memory && errno == EINVAL) memory = Descriptor(::memfd_create(name.c_str(), flags));
    return memory;
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this == &other) return *this;
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
    return *this;
}

Descriptor::~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
}

tl::expected<Descriptor, ChannelError> seal(
    std::string_view name, std::span<const std::byte> bytes
) {
    if (bytes.size() > limits::kSegmentBytes) {
        return refusal(Reason::table_too_large, too_large(bytes.size()));
    }
    Descriptor memory = new_memfd(std::string(name));
    if (!memory) return failed("memfd_create");
    if (!write_all(memory.get(), bytes)) return failed("write to a memfd");
    if (::fcntl(memory.get(), F_ADD_SEALS, kSeals) != 0) return failed("seal a memfd");
    return memory;
}

// Sealed against shrinking, a mapping can never fault; against writing, it never changes.
tl::expected<Mapping, ChannelError> Mapping::map(int fd) {
    const int seals = ::fcntl(fd, F_GET_SEALS);
    if (seals < 0) return refusal(Reason::table_not_sealed, "a descriptor that is no memfd");
    if ((seals & kSeals) != kSeals) {
        return refusal(Reason::table_not_sealed, "a memfd that can still be changed");
    }
    struct stat status{};
    if (::fstat(fd, &status) != 0) return failed("fstat of a memfd");
    const auto size = static_cast<uint64_t>(status.st_size);
    if (size > limits::kSegmentBytes) return refusal(Reason::table_too_large, too_large(size));
    if (size == 0) return refusal(Reason::table_corrupt, "an empty segment");
    void* const data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    if (data == MAP_FAILED) return failed("mmap of a segment");
    Mapping mapping;
    mapping.data_ = static_cast<const std::byte*>(data);
    mapping.size_ = size;
    return mapping;
}

Mapping::Mapping(Mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}

Mapping::~Mapping() {
    if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace sluice::table

// /proc/self/statm and the memory controller's files.
#include "proxy/worker/memory_reader.h"

#include <array>
#include <charconv>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace sluice::worker {

namespace {

constexpr size_t kNumberBytes = 64;
constexpr size_t kStatBytes = 8192;  // memory.stat has some 1.5 KB

uint64_t number(std::string_view text) {
    uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

// The next word of a line of words.
std::string_view take_word(std::string_view& text) {
    const size_t end = std::min(text.find_first_of(" \n"), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

std::string usage_file(const std::string& cgroup) {
    const std::string v2 = cgroup + "/memory.current";
    return ::access(v2.c_str(), R_OK) == 0 ? v2 : cgroup + "/memory.usage_in_bytes";
}

}  // namespace

ReadAgain::ReadAgain(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}

ReadAgain::ReadAgain(ReadAgain&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

ReadAgain::~ReadAgain() {
    if (fd_ >= 0) ::close(fd_);
}

std::string_view ReadAgain::read(char* room, size_t size) const {
    const ssize_t got = fd_ < 0 ? -1 : ::pread(fd_, room, size, 0);
    return got <= 0 ? std::string_view() : std::string_view(room, static_cast<size_t>(got));
}

MemoryReader::MemoryReader(const std::string& cgroup)
    : statm_("/proc/self/statm"),
      used_(cgroup.empty() ? ReadAgain() : ReadAgain(usage_file(cgroup))),
      stat_(cgroup.empty() ? ReadAgain() : ReadAgain(cgroup + "/memory.stat")) {}

uint64_t MemoryReader::own() const {
    static const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
    std::array<char, kNumberBytes * 2> room;
    return own_pages(statm_.read(room.data(), room.size())) * page;
}

std::optional<uint64_t> MemoryReader::container() const {
    std::array<char, kNumberBytes> room;
    const std::string_view text = used_.read(room.data(), room.size());
    if (text.empty()) return std::nullopt;
    return number(text);
}

uint64_t MemoryReader::reclaimable() const {
    std::array<char, kStatBytes> room;
    const std::string_view text = stat_.read(room.data(), room.size());
    // v1 sums up the folders below under names of their own; v2 always does.
    const bool v1 = text.find("\ntotal_inactive_file ") != std::string_view::npos;
    return value_of(text, v1 ? "total_inactive_file" : "inactive_file") +
           value_of(text, v1 ? "total_active_file" : "active_file");
}

uint64_t own_pages(std::string_view statm) {
    take_word(statm);  // the address space
    const uint64_t resident = number(take_word(statm));
    const uint64_t shared = number(take_word(statm));
    return resident > shared ? resident - shared : 0;
}

uint64_t value_of(std::string_view text, std::string_view key) {
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (take_word(line) == key) return number(line);
    }
    return 0;
}

}  // namespace sluice::worker

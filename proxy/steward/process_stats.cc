// Fields of /proc/PID/stat (proc(5)); the command's name may hold blanks and brackets.
#include "proxy/steward/process_stats.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <unistd.h>

#include "table/channel.h"

namespace sluice::steward {
namespace {

// Places behind the command's closing bracket, from 0 (proc(5) counts them from 3).
enum Place : size_t { parent = 1, user = 11, system = 12, start = 19, size = 20, resident = 21 };
constexpr size_t kPlaces = 22;

// Empty when it cannot be read to its end: a process may end between open and read, where a stream
// would throw.
std::string read_file(const std::string& path) {
    const table::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return {};
    std::string text;
    std::array<char, 4096> piece;
    for (;;) {
        const ssize_t got = ::read(file.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return {};
        if (got == 0) return text;
        text.append(piece.data(), static_cast<size_t>(got));
    }
}

// The clock's zero in epoch seconds; it never changes while we run.
double boot_seconds(const std::string& root) {
    const std::string text = read_file(root + "/stat");
    const size_t at = text.find("\nbtime ");
    if (at == std::string::npos) return 0;
    uint64_t seconds = 0;
    std::from_chars(text.data() + at + 7, text.data() + text.size(), seconds);
    return static_cast<double>(seconds);
}

bool parse_places(std::string_view text, std::array<uint64_t, kPlaces>& places) {
    for (size_t i = 0; i < kPlaces; ++i) {
        const size_t begin = text.find_first_not_of(' ');
        if (begin == std::string_view::npos) return false;
        text.remove_prefix(begin);
        const size_t end = std::min(text.find(' '), text.size());
        places[i] = 0;  // the state's letter and negative numbers stay 0: none of ours
        std::from_chars(text.data(), text.data() + end, places[i]);
        text.remove_prefix(end);
    }
    return true;
}

}  // namespace

std::optional<ProcessStats> parse_process_stats(std::string_view line, double boot_seconds) {
    const size_t bracket = line.rfind(')');
    if (bracket == std::string_view::npos) return std::nullopt;
    std::array<uint64_t, kPlaces> places;
    if (!parse_places(line.substr(bracket + 1), places)) return std::nullopt;
    static const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    static const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
    ProcessStats stats;
    stats.parent = static_cast<uint32_t>(places[Place::parent]);
    stats.cpu_seconds = static_cast<double>(places[Place::user] + places[Place::system]) / ticks;
    stats.start_seconds = boot_seconds + static_cast<double>(places[Place::start]) / ticks;
    stats.virtual_bytes = places[Place::size];
    stats.resident_bytes = places[Place::resident] * page;
    return stats;
}

std::optional<ProcessStats> process_stats(uint32_t pid, const std::string& root) {
    if (pid == 0) return std::nullopt;
    const std::string line = read_file(root + "/" + std::to_string(pid) + "/stat");
    if (line.empty()) return std::nullopt;
    return parse_process_stats(line, boot_seconds(root));
}

}  // namespace sluice::steward

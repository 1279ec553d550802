// open, fstat, read; nothing is trusted about what stands at the path.
#include "controller/files/reader.h"

#include <cerrno>
#include <cstring>
#include <functional>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/files/tree.h"
#include "table/limits.h"

namespace sluice::files {
namespace {

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }

private:
    int fd_;
};

tl::unexpected<ReadError> failed(int error) {
    return tl::unexpected<ReadError>(
        ReadError{means_absent(error), std::string("cannot be read: ") + std::strerror(error)}
    );
}

}  // namespace

tl::expected<Content, ReadError> read_content(const std::string& path) {
    const Descriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (file.get() < 0) return failed(errno);
    struct stat status{};
    if (fstat(file.get(), &status) != 0) return failed(errno);
    if (!S_ISREG(status.st_mode)) {
        return tl::unexpected<ReadError>(ReadError{false, "is not a regular file"});
    }
    Content content;
    char block[64 * 1024];
    while (content.text.size() <= limits::kManifestBytes) {
        const ssize_t size = read(file.get(), block, sizeof block);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return failed(errno);
        if (size == 0) break;
        content.text.append(block, static_cast<size_t>(size));
    }
    if (content.text.size() > limits::kManifestBytes + 1) {
        content.text.resize(limits::kManifestBytes + 1);
    }
    content.hash = std::hash<std::string_view>{}(content.text);
    return content;
}

}  // namespace sluice::files

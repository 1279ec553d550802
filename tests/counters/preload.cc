// Counts I/O system calls and heap allocations of one process, the worker, from inside: strace
// slows a proxy until data is always there and hides what it counts. Loaded by LD_PRELOAD; the
// counters are words in the file that SLUICE_COUNTERS_FILE names. The order is that of
// lib/counted.py.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <poll.h>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

enum Counter : size_t {
    kRecv,
    kRead,
    kSend,
    kWrite,
    kEpollWait,
    kEpollCtl,
    kAccept,
    kConnect,
    kSockopt,
    kOther,
    kSplice,
    kAllocations,
    kCounters
};

using Words = std::atomic<uint64_t>[kCounters];
Words* counters = nullptr;  // null in every process but the worker

void count(Counter counter) {
    if (counters != nullptr) (*counters)[counter].fetch_add(1, std::memory_order_relaxed);
}

// The role is an argument of its own; /proc has them before main() does.
bool is_worker() {
    char text[4096];
    const int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    const ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    if (size <= 0) return false;
    text[size] = 0;
    for (const char* at = text; at < text + size; at += std::strlen(at) + 1) {
        if (std::strcmp(at, "worker") == 0) return true;
    }
    return false;
}

[[gnu::constructor]] void map_counters() {
    const char* const path = std::getenv("SLUICE_COUNTERS_FILE");
    if (path == nullptr || !is_worker()) return;
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void* const mapped = mmap(nullptr, sizeof(Words), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped != MAP_FAILED) counters = static_cast<Words*>(mapped);
}

template <typename Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

// RESULT NAME(PARAMETERS), counted as COUNTER, passed on with ARGUMENTS.
#define COUNTED(counter, result, name, parameters, arguments)    \
    extern "C" result name parameters {                          \
        static const auto real = next<result parameters>(#name); \
        count(counter);                                          \
        return real arguments;                                   \
    }

COUNTED(kRecv, ssize_t, recv, (int fd, void* b, size_t n, int f), (fd, b, n, f));
COUNTED(kRecv, ssize_t, recvmsg, (int fd, msghdr* m, int f), (fd, m, f));
COUNTED(
    kRecv,
    ssize_t,
    recvfrom,
    (int fd, void* b, size_t n, int f, sockaddr* a, socklen_t* l),
    (fd, b, n, f, a, l)
);
COUNTED(kRead, ssize_t, read, (int fd, void* b, size_t n), (fd, b, n));
COUNTED(kRead, ssize_t, readv, (int fd, const iovec* v, int n), (fd, v, n));
COUNTED(kSend, ssize_t, send, (int fd, const void* b, size_t n, int f), (fd, b, n, f));
COUNTED(kSend, ssize_t, sendmsg, (int fd, const msghdr* m, int f), (fd, m, f));
COUNTED(
    kSend,
    ssize_t,
    sendto,
    (int fd, const void* b, size_t n, int f, const sockaddr* a, socklen_t l),
    (fd, b, n, f, a, l)
);
COUNTED(kWrite, ssize_t, write, (int fd, const void* b, size_t n), (fd, b, n));
COUNTED(kWrite, ssize_t, writev, (int fd, const iovec* v, int n), (fd, v, n));
COUNTED(kEpollWait, int, epoll_wait, (int fd, epoll_event* e, int n, int t), (fd, e, n, t));
COUNTED(
    kEpollWait,
    int,
    epoll_pwait,
    (int fd, epoll_event* e, int n, int t, const sigset_t* s),
    (fd, e, n, t, s)
);
COUNTED(
    kEpollWait,
    int,
    epoll_pwait2,
    (int fd, epoll_event* e, int n, const timespec* t, const sigset_t* s),
    (fd, e, n, t, s)
);
COUNTED(kEpollCtl, int, epoll_ctl, (int fd, int op, int f, epoll_event* e), (fd, op, f, e));
COUNTED(kAccept, int, accept4, (int fd, sockaddr* a, socklen_t* l, int f), (fd, a, l, f));
COUNTED(kAccept, int, accept, (int fd, sockaddr* a, socklen_t* l), (fd, a, l));
COUNTED(kConnect, int, connect, (int fd, const sockaddr* a, socklen_t l), (fd, a, l));
COUNTED(kSockopt, int, getsockopt, (int fd, int l, int o, void* v, socklen_t* n), (fd, l, o, v, n));
COUNTED(
    kSockopt, int, setsockopt, (int fd, int l, int o, const void* v, socklen_t n), (fd, l, o, v, n)
);
COUNTED(kOther, int, poll, (pollfd * p, nfds_t n, int t), (p, n, t));
COUNTED(kOther, int, close, (int fd), (fd));
COUNTED(
    kSplice,
    ssize_t,
    splice,
    (int from, off_t* at, int to, off_t* there, size_t n, unsigned f),
    (from, at, to, there, n, f)
);

// glibc's own entry points: dlsym() itself allocates, so the allocator cannot be looked up by it.
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* old, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

// operator new is libstdc++'s and comes here too.
void* malloc(size_t size) {
    count(kAllocations);
    return __libc_malloc(size);
}
void* calloc(size_t items, size_t size) {
    count(kAllocations);
    return __libc_calloc(items, size);
}
void* realloc(void* old, size_t size) {
    count(kAllocations);
    return __libc_realloc(old, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
    count(kAllocations);
    return __libc_memalign(alignment, size);
}
void* memalign(size_t alignment, size_t size) {
    count(kAllocations);
    return __libc_memalign(alignment, size);
}
int posix_memalign(void** out, size_t alignment, size_t size) {
    count(kAllocations);
    *out = __libc_memalign(alignment, size);
    return *out == nullptr ? 12 : 0;  // ENOMEM
}
}

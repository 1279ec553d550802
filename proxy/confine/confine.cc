// Filters by libseccomp: a list of what is allowed for workers, of what is not for the steward.
#include "proxy/confine/confine.h"

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <seccomp.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace sluice::confine {
namespace {

// One filter in the making. The first failure counts; later calls do nothing.
class Filter {
public:
    explicit Filter(uint32_t by_default) : filter_(::seccomp_init(by_default)) {
        if (filter_ == nullptr) {
            error_ = -ENOMEM;
            return;
        }
        // A tree instead of a list; and no mitigation that taxes every indirect call, which is
        // meant for programs that run foreign code.
        note(::seccomp_attr_set(filter_, SCMP_FLTATR_CTL_OPTIMIZE, 2));
        note(::seccomp_attr_set(filter_, SCMP_FLTATR_CTL_SSB, 1));
    }
    ~Filter() { ::seccomp_release(filter_); }
    Filter(const Filter&) = delete;
    Filter& operator=(const Filter&) = delete;

    void add(uint32_t action, std::initializer_list<int> calls) {
        for (const int call : calls) add_if(action, call, {});
    }
    // Only when all conditions on its arguments hold.
    void add_if(uint32_t action, int call, std::initializer_list<scmp_arg_cmp> conditions) {
        if (filter_ == nullptr) return;
        const auto count = static_cast<unsigned>(conditions.size());
        note(::seccomp_rule_add_array(filter_, action, call, count, conditions.begin()));
    }

    tl::expected<void, std::string> load() {
        if (filter_ != nullptr && error_ == 0) note(::seccomp_load(filter_));
        if (error_ == 0) return {};
        return tl::unexpected<std::string>(std::string("seccomp: ") + std::strerror(-error_));
    }

private:
    void note(int result) {
        if (error_ == 0 && result < 0) error_ = result;
    }

    scmp_filter_ctx filter_;
    int error_ = 0;
};

constexpr uint32_t kRefused = SCMP_ACT_ERRNO(EPERM);

// Whoever asks for these is not our program any more.
void kill_for_programs(Filter& filter) {
    filter.add(
        SCMP_ACT_KILL_PROCESS,
        {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork)}
    );
#ifndef SLUICE_INSTRUMENTED  // the leak check at exit traces its own process
    filter.add(SCMP_ACT_KILL_PROCESS, {SCMP_SYS(ptrace)});
#endif
}

void allow_sockets(Filter& filter) {
    for (const scmp_datum_t family : {AF_INET, AF_INET6}) {
        filter.add_if(SCMP_ACT_ALLOW, SCMP_SYS(socket), {SCMP_A0(SCMP_CMP_EQ, family)});
    }
    filter.add(
        SCMP_ACT_ALLOW,
        {SCMP_SYS(accept4),
         SCMP_SYS(connect),
         SCMP_SYS(shutdown),
         SCMP_SYS(getsockname),
         SCMP_SYS(getpeername),
         SCMP_SYS(getsockopt),
         SCMP_SYS(setsockopt),
         SCMP_SYS(recvfrom),
         SCMP_SYS(recvmsg),
         SCMP_SYS(sendto),
         SCMP_SYS(sendmsg)}
    );
}

void allow_descriptors(Filter& filter) {
    filter.add(
        SCMP_ACT_ALLOW,
        {SCMP_SYS(read),
         SCMP_SYS(readv),
         SCMP_SYS(pread64),
         SCMP_SYS(write),
         SCMP_SYS(writev),
         SCMP_SYS(splice),
         SCMP_SYS(pipe2),
         SCMP_SYS(close),
         SCMP_SYS(dup),
         SCMP_SYS(fcntl),
         SCMP_SYS(fstat),
         SCMP_SYS(newfstatat),
         SCMP_SYS(lseek),
         SCMP_SYS(epoll_create1),
         SCMP_SYS(epoll_ctl),
         SCMP_SYS(epoll_wait),
         SCMP_SYS(epoll_pwait),
         SCMP_SYS(poll),
         SCMP_SYS(ppoll)}
    );
    // To read: neither the access mode nor a flag that makes or cuts a file.
    constexpr scmp_datum_t kWriting = O_ACCMODE | O_CREAT | O_TRUNC;
    filter.add_if(
        SCMP_ACT_ALLOW, SCMP_SYS(openat), {SCMP_A2(SCMP_CMP_MASKED_EQ, kWriting, O_RDONLY)}
    );
    filter.add_if(
        SCMP_ACT_ALLOW, SCMP_SYS(open), {SCMP_A1(SCMP_CMP_MASKED_EQ, kWriting, O_RDONLY)}
    );
}

void allow_memory(Filter& filter) {
    for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
        filter.add_if(SCMP_ACT_ALLOW, call, {SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)});
    }
    filter.add(
        SCMP_ACT_ALLOW,
        {SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(futex)}
    );
}

// Clocks, chance, signals within the process, and its own end.
void allow_process(Filter& filter) {
    filter.add(
        SCMP_ACT_ALLOW,
        {SCMP_SYS(clock_gettime),
         SCMP_SYS(clock_getres),
         SCMP_SYS(clock_nanosleep),
         SCMP_SYS(nanosleep),
         SCMP_SYS(gettimeofday),
         SCMP_SYS(time),
         SCMP_SYS(getrandom),
         SCMP_SYS(getpid),
         SCMP_SYS(gettid),
         SCMP_SYS(getrusage),
         SCMP_SYS(getrlimit),
         SCMP_SYS(sched_yield),
         SCMP_SYS(sched_getaffinity),
         SCMP_SYS(sysinfo),
         SCMP_SYS(uname),
         SCMP_SYS(prctl),
         SCMP_SYS(rt_sigaction),
         SCMP_SYS(rt_sigprocmask),
         SCMP_SYS(rt_sigreturn),
         SCMP_SYS(sigaltstack),
         SCMP_SYS(restart_syscall),
         SCMP_SYS(rseq),
         SCMP_SYS(set_robust_list),
         SCMP_SYS(tgkill),
         SCMP_SYS(exit),
         SCMP_SYS(exit_group)}
    );
}

// The sanitizers look at the process from a helper of their own when it ends.
void allow_sanitizers([[maybe_unused]] Filter& filter) {
#ifdef SLUICE_INSTRUMENTED
    filter.add(
        SCMP_ACT_ALLOW,
        {SCMP_SYS(clone),
         SCMP_SYS(ptrace),
         SCMP_SYS(wait4),
         SCMP_SYS(getppid),
         SCMP_SYS(kill),
         SCMP_SYS(pipe),
         SCMP_SYS(readlink),
         SCMP_SYS(getdents64),
         SCMP_SYS(process_vm_readv),
         SCMP_SYS(arch_prctl)}
    );
#endif
}

// Nothing is left in a core, nothing is read by others of our user, no file's bit lifts us up.
void give_up_privileges() {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace

tl::expected<void, std::string> worker() {
    give_up_privileges();
    Filter filter(kRefused);
    kill_for_programs(filter);
    allow_sockets(filter);
    allow_descriptors(filter);
    allow_memory(filter);
    allow_process(filter);
    allow_sanitizers(filter);
    return filter.load();
}

tl::expected<void, std::string> steward() {
    give_up_privileges();
    Filter filter(SCMP_ACT_ALLOW);
    kill_for_programs(filter);
    constexpr scmp_datum_t kUsed[] = {AF_UNIX, AF_INET, AF_INET6};
    for (scmp_datum_t family = 0; family < AF_INET6; ++family) {
        if (family == kUsed[0] || family == kUsed[1]) continue;
        filter.add_if(kRefused, SCMP_SYS(socket), {SCMP_A0(SCMP_CMP_EQ, family)});
    }
    filter.add_if(kRefused, SCMP_SYS(socket), {SCMP_A0(SCMP_CMP_GT, kUsed[2])});
    filter.add(
        kRefused,
        {SCMP_SYS(mount),
         SCMP_SYS(umount2),
         SCMP_SYS(pivot_root),
         SCMP_SYS(chroot),
         SCMP_SYS(unshare),
         SCMP_SYS(setns),
         SCMP_SYS(init_module),
         SCMP_SYS(finit_module),
         SCMP_SYS(delete_module),
         SCMP_SYS(kexec_load),
         SCMP_SYS(kexec_file_load),
         SCMP_SYS(reboot),
         SCMP_SYS(swapon),
         SCMP_SYS(swapoff),
         SCMP_SYS(acct),
         SCMP_SYS(bpf),
         SCMP_SYS(perf_event_open),
         SCMP_SYS(userfaultfd),
         SCMP_SYS(add_key),
         SCMP_SYS(request_key),
         SCMP_SYS(keyctl),
         SCMP_SYS(process_vm_readv),
         SCMP_SYS(process_vm_writev),
         SCMP_SYS(open_by_handle_at),
         SCMP_SYS(io_uring_setup),
         SCMP_SYS(settimeofday),
         SCMP_SYS(clock_settime),
         SCMP_SYS(setuid),
         SCMP_SYS(setgid),
         SCMP_SYS(mknodat)}
    );
    return filter.load();
}

}  // namespace sluice::confine

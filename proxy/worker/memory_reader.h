// What the kernel says about memory: this process's own, and the container's. Opened once, before
// anything is served; a reading costs one or two system calls and no allocation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::worker {

// A file that is read again and again from its beginning.
class ReadAgain {
public:
    ReadAgain() = default;
    explicit ReadAgain(const std::string& path);
    ReadAgain(ReadAgain&& other) noexcept;
    ReadAgain& operator=(ReadAgain&&) = delete;
    ~ReadAgain();

    bool open() const { return fd_ >= 0; }
    // At most `room` bytes; "" when it cannot be read. The view is of `room`.
    std::string_view read(char* room, size_t size) const;

private:
    int fd_ = -1;
};

// What the overload ladder goes by. Bytes.
class MemorySource {
public:
    virtual ~MemorySource() = default;
    // In RAM, and this process's alone: neither shared mappings nor program text.
    virtual uint64_t own() const = 0;
    // What the container is charged with. nullopt: no cgroup, or it is gone.
    virtual std::optional<uint64_t> container() const = 0;
    // Of container(), what the kernel takes back by itself before it kills: file pages. The kernel
    // may sum them up only now, so this is asked only when it decides something.
    virtual uint64_t reclaimable() const = 0;
};

class MemoryReader final : public MemorySource {
public:
    // `cgroup`: the folder of the memory controller whose limit is ours, v2 or v1; "" = none.
    explicit MemoryReader(const std::string& cgroup);

    uint64_t own() const override;
    std::optional<uint64_t> container() const override;
    uint64_t reclaimable() const override;

private:
    ReadAgain statm_;
    ReadAgain used_;
    ReadAgain stat_;
};

// Pages that are resident but not shared, out of /proc/self/statm. 0 when it is no such text.
uint64_t own_pages(std::string_view statm);
// The value of one key of a "key value" text such as memory.stat; 0 when it is not there.
uint64_t value_of(std::string_view text, std::string_view key);

}  // namespace sluice::worker

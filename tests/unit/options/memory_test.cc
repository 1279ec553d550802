// Quantities, cgroups and limits as Kubernetes and the kernel write them, and what is a worker's.
#include "proxy/options/memory.h"

#include <gtest/gtest.h>
#include <vector>

#include "proxy/options/cgroup.h"
#include "table/limits.h"

namespace sluice::options {
namespace {

constexpr uint64_t kMi = uint64_t{1} << 20;

TEST(Quantity, IsReadAsKubernetesWritesIt) {
    EXPECT_EQ(bytes_of("0"), 0U);
    EXPECT_EQ(bytes_of("268435456"), 256 * kMi);
    EXPECT_EQ(bytes_of("256Mi"), 256 * kMi);
    EXPECT_EQ(bytes_of("3Ki"), 3072U);
    EXPECT_EQ(bytes_of("2Gi"), 2048 * kMi);
    EXPECT_EQ(bytes_of("1Ti"), kMi * kMi);
    EXPECT_EQ(bytes_of("5k"), 5000U);
    EXPECT_EQ(bytes_of("5M"), 5'000'000U);
    EXPECT_EQ(bytes_of("1G"), 1'000'000'000U);
    EXPECT_EQ(bytes_of("1T"), 1'000'000'000'000U);
}

TEST(Quantity, IsRefusedWhenItIsNone) {
    for (const char* const wrong :
         {"",
          "Mi",
          "-1",
          "+1",
          "1.5Gi",
          "1 Mi",
          "1mi",
          "1K",
          "1MiB",
          "0x10",
          "99999999999999999999",
          "9999999999Ti"}) {
        EXPECT_EQ(bytes_of(wrong), std::nullopt) << wrong;
    }
}

TEST(Limit, IsTheKernelsNumberOrNone) {
    EXPECT_EQ(limit_of("268435456\n"), 256 * kMi);
    EXPECT_EQ(limit_of("max\n"), std::nullopt) << "v2 without a limit";
    EXPECT_EQ(limit_of("9223372036854771712\n"), std::nullopt) << "v1 without a limit";
    EXPECT_EQ(limit_of(""), std::nullopt) << "no such file";
}

TEST(Cgroup, IsFoundByItsController) {
    const char* const both = "5:cpuset:/set\n4:cpu,cpuacct:/pod/one\n0::/unified\n";
    EXPECT_EQ(cgroup_of(both, ""), "/unified");
    EXPECT_EQ(cgroup_of(both, "cpu"), "/pod/one");
    EXPECT_EQ(cgroup_of(both, "cpuacct"), "/pod/one");
    EXPECT_EQ(cgroup_of(both, "memory"), std::nullopt);
    EXPECT_EQ(cgroup_of("0::/\n", ""), "") << "the root has no folder of its own";
    EXPECT_EQ(cgroup_of("nonsense\n", ""), std::nullopt);
}

TEST(Cgroup, IsWalkedUpToItsRoot) {
    std::vector<std::string> folders;
    upwards("/mount", "/pod/one", [&](const std::string& folder) { folders.push_back(folder); });
    EXPECT_EQ(folders, (std::vector<std::string>{"/mount/pod/one", "/mount/pod", "/mount"}));
}

TEST(MemoryLimit, IsTheSmallerOfWhatIsSaidAndTheContainers) {
    const MemoryLimit container{512 * kMi, "/folder", 512 * kMi};
    EXPECT_EQ(memory_limit("", container).bytes, 512 * kMi);
    EXPECT_EQ(memory_limit("256Mi", container).bytes, 256 * kMi);
    EXPECT_EQ(memory_limit("256Mi", container).cgroup, "/folder") << "its use is still told there";
    EXPECT_EQ(memory_limit("256Mi", container).cgroup_bytes, 512 * kMi)
        << "for others may live there too";
    EXPECT_EQ(memory_limit("1Gi", container).bytes, 512 * kMi);
    EXPECT_EQ(memory_limit("none", container).bytes, 0U);
    EXPECT_EQ(memory_limit("none", container).cgroup, "");
    EXPECT_EQ(memory_limit("256Mi", {}).bytes, 256 * kMi);
    EXPECT_EQ(memory_limit("", {}).bytes, 0U);
}

TEST(WorkerShare, LeavesTheOthersTheirs) {
    EXPECT_EQ(worker_share(0, 2), 0U);
    EXPECT_EQ(worker_share(80 * kMi, 2), 32 * kMi) << "16 MiB for the others";
    EXPECT_EQ(worker_share(1024 * kMi, 2), 448 * kMi) << "an eighth for the others";
    EXPECT_EQ(worker_share(8 * kMi, 4), limits::kWorkerShareBytes);
}

TEST(WorkerShare, IsTheLeastAtTheLeastLimit) {
    for (const uint32_t workers : {1U, 2U, 5U, 7U, 64U}) {
        const uint64_t least = least_limit(workers);
        EXPECT_GE(worker_share(least, workers), limits::kWorkerShareBytes) << workers;
        EXPECT_LE((least - limits::kPodReserveBytes) / workers, limits::kWorkerShareBytes * 8 / 7);
        // A little less would have to be made up for.
        const uint64_t less = least - 8;
        const uint64_t reserve = std::max<uint64_t>(limits::kPodReserveBytes, less / 8);
        EXPECT_LT(less - reserve, limits::kWorkerShareBytes * workers) << workers;
    }
}

}  // namespace
}  // namespace sluice::options

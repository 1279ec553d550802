// Quotas as the kernel writes them.
#include "proxy/options/cpus.h"

#include <gtest/gtest.h>

#include "table/limits.h"

namespace sluice::options {
namespace {

TEST(Quota, IsRoundedUpToWholeCores) {
    EXPECT_EQ(cores_of_quota("100000 100000\n"), 1U);
    EXPECT_EQ(cores_of_quota("150000 100000"), 2U);
    EXPECT_EQ(cores_of_quota("1000 100000"), 1U);
    EXPECT_EQ(cores_of_quota("800000 100000"), 8U);
    EXPECT_EQ(cores_of_quota("800001 100000"), 9U);
    EXPECT_EQ(cores_of_quota("200000\n 50000\n"), 4U) << "two files of cgroup v1";
}

TEST(Quota, MayBeAbsent) {
    for (const char* const none :
         {"", " ", "max 100000", "-1 100000", "100000", "100000 0", "100000 x", "0 100000"}) {
        EXPECT_EQ(cores_of_quota(none), std::nullopt) << none;
    }
}

TEST(DefaultWorkers, AreAtLeastOneAndNotMoreThanServe) {
    EXPECT_GE(default_workers(), 1U);
    EXPECT_LE(default_workers(), limits::kWorkers);
}

}  // namespace
}  // namespace sluice::options

// Tests what plain scalars mean: the core schema of YAML 1.2, and the mark on what kubectl reads
// otherwise.
#include "controller/files/scalar.h"

#include <cmath>
#include <gtest/gtest.h>

namespace sluice::files {
namespace {

using model::Value;

Value::Kind kind(const std::string& text) {
    return plain_scalar(text).kind;
}

TEST(Scalar, Null) {
    for (const char* text : {"", "~", "null", "Null", "NULL"}) {
        EXPECT_EQ(kind(text), Value::Kind::null) << text;
    }
    EXPECT_EQ(kind("nULL"), Value::Kind::string);
}

TEST(Scalar, Booleans) {
    for (const char* text : {"true", "True", "TRUE"}) {
        EXPECT_EQ(kind(text), Value::Kind::boolean) << text;
        EXPECT_TRUE(plain_scalar(text).boolean) << text;
    }
    for (const char* text : {"false", "False", "FALSE"}) {
        EXPECT_EQ(kind(text), Value::Kind::boolean) << text;
        EXPECT_FALSE(plain_scalar(text).boolean) << text;
    }
    EXPECT_EQ(kind("tRUE"), Value::Kind::string);
}

TEST(Scalar, Integers) {
    const std::pair<const char*, int64_t> cases[] = {
        {"0", 0},
        {"-0", 0},
        {"10", 10},
        {"+7", 7},
        {"-12", -12},
        {"0o10", 8},
        {"0x1F", 31},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    for (const auto& [text, number] : cases) {
        EXPECT_EQ(kind(text), Value::Kind::integer) << text;
        EXPECT_EQ(plain_scalar(text).integer, number) << text;
        EXPECT_FALSE(plain_scalar(text).ambiguous) << text;
    }
}

TEST(Scalar, Numbers) {
    const std::pair<const char*, double> cases[] = {
        {"1e3", 1000},
        {".5", 0.5},
        {"1.", 1},
        {"-1.25E-2", -0.0125},
        {"+.5e1", 5},
        {"01.5", 1.5},
    };
    for (const auto& [text, number] : cases) {
        EXPECT_EQ(kind(text), Value::Kind::number) << text;
        EXPECT_EQ(plain_scalar(text).number, number) << text;
    }
    EXPECT_TRUE(std::isinf(plain_scalar("-.inf").number));
    EXPECT_TRUE(std::isnan(plain_scalar(".NaN").number));
}

TEST(Scalar, WhatFitsNo64BitsIsNoInteger) {
    EXPECT_EQ(kind("9223372036854775808"), Value::Kind::number);
    EXPECT_EQ(kind("0xffffffffffffffff"), Value::Kind::number);
    EXPECT_EQ(kind(std::string(100'000, '9')), Value::Kind::number);
    EXPECT_EQ(kind("1e999999"), Value::Kind::number);
}

TEST(Scalar, Text) {
    for (const char* text :
         {"a",
          "1a",
          "1.2.3",
          "-",
          ".",
          "+",
          "0x",
          "0o8",
          "0xg",
          "1e",
          "1:30",
          "2026-01-31",
          "2026-01-31T10:00:00Z",
          "5m",
          "10.0.0.1",
          "_1",
          "*.a.com",
          "nope",
          "only",
          "yEs",
          "--1"}) {
        EXPECT_EQ(kind(text), Value::Kind::string) << text;
        EXPECT_EQ(plain_scalar(text).string, text);
        EXPECT_FALSE(plain_scalar(text).ambiguous) << text;
    }
}

TEST(Scalar, WhatKubectlReadsOtherwiseIsMarked) {
    for (const char* text :
         {"y",
          "N",
          "yes",
          "No",
          "on",
          "OFF",
          "010",
          "-010",
          "08",
          "00",
          "1_000",
          "0x1_f",
          "0b11",
          "0B1",
          "0O7",
          "0X1f",
          "-0x1f",
          "+0o7",
          "1_0.5"}) {
        EXPECT_TRUE(plain_scalar(text).ambiguous) << text;
        EXPECT_EQ(kind(text), Value::Kind::string) << text;
        EXPECT_EQ(plain_scalar(text).string, text);
    }
}

}  // namespace
}  // namespace sluice::files

// The sinks with real descriptors, and the spelling of the flag.
#include "proxy/steward/log_sink.h"

#include <csignal>
#include <fstream>
#include <future>
#include <gtest/gtest.h>
#include <sstream>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table/channel.h"
#include "tests/unit/files/directory.h"

namespace sluice::steward {
namespace {

using files::Directory;
using table::Descriptor;

std::unique_ptr<LogSink> open_sink(const std::string& flag) {
    const auto spec = parse_sink(flag);
    EXPECT_TRUE(spec) << flag;
    if (!spec) return nullptr;
    auto sink = make_sink(*spec);
    sink->open(0);
    return sink;
}

std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

// Standard output is this descriptor while it lives; -1: it is closed.
class Output {
public:
    explicit Output(int fd) : kept_(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)) {
        std::fflush(stdout);
        if (fd < 0) {
            ::close(STDOUT_FILENO);
        } else {
            ::dup2(fd, STDOUT_FILENO);
        }
    }
    ~Output() { ::dup2(kept_.get(), STDOUT_FILENO); }

private:
    Descriptor kept_;
};

std::unique_ptr<LogSink> stdout_sink(int fd) {
    const Output output(fd);
    return open_sink("stdout");
}

struct Pipe {
    explicit Pipe(int flags = 0) {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC | flags), 0);
        reader = Descriptor(ends[0]);
        writer = Descriptor(ends[1]);
    }
    std::string read(size_t size) const {
        std::string bytes(size, '\0');
        for (size_t done = 0; done < size;) {
            const ssize_t got = ::read(reader.get(), bytes.data() + done, size - done);
            if (got <= 0) return bytes.substr(0, done);
            done += static_cast<size_t>(got);
        }
        return bytes;
    }
    Descriptor reader;
    Descriptor writer;
};

void expect(const Taken& taken, uint64_t written, uint64_t refused, uint64_t bytes) {
    EXPECT_EQ(taken.written, written);
    EXPECT_EQ(taken.refused, refused);
    EXPECT_EQ(taken.bytes, bytes);
}

// Files may grow to this size while it lives.
class SizeLimit {
public:
    explicit SizeLimit(rlim_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit now{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &now);
    }
    ~SizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

private:
    rlimit before_{};
};

class Sink : public testing::Test {
protected:
    void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }
    Directory directory_;
};

TEST(SinkFlag, EverySpelling) {
    EXPECT_EQ(parse_sink("off")->kind, SinkKind::off);
    EXPECT_EQ(parse_sink("stdout")->kind, SinkKind::standard_output);
    EXPECT_EQ(parse_sink("file:/a:b")->path, "/a:b");
    EXPECT_EQ(parse_sink("syslog")->path, "/dev/log");
    EXPECT_EQ(parse_sink("syslog:/run/x")->path, "/run/x");
    const auto v4 = parse_sink("syslog:udp:192.0.2.1:514");
    EXPECT_EQ(v4->kind, SinkKind::syslog_udp);
    EXPECT_EQ(v4->address, "192.0.2.1");
    EXPECT_EQ(v4->port, 514);
    EXPECT_EQ(parse_sink("syslog:udp:[2001:db8::1]:65535")->address, "2001:db8::1");
    EXPECT_TRUE(parse_sink("syslog:/" + std::string(106, 'a')));
}

TEST(SinkFlag, WhatIsRefusedSaysWhatToWrite) {
    for (const std::string flag : {
             "",
             "Off",
             "file:",
             "file",
             "syslog:",
             "syslog:udp:",
             "syslog:udp:192.0.2.1",
             "syslog:udp:192.0.2.1:0",
             "syslog:udp:192.0.2.1:65536",
             "syslog:udp:192.0.2.1:1x",
             "syslog:udp:example.com:514",
             "syslog:udp:2001:db8::1:514",
             "syslog:udp::514",
             "syslog:udp:[:514",
             "stderr",
         }) {
        const auto spec = parse_sink(flag);
        ASSERT_FALSE(spec) << flag;
        EXPECT_TRUE(spec.error().starts_with("--access-log " + flag + ": ")) << spec.error();
    }
    EXPECT_FALSE(parse_sink("syslog:/" + std::string(107, 'a'))) << "longer than a socket's path";
}

TEST_F(Sink, OffTakesNothingAndCountsNothing) {
    expect(open_sink("off")->write("a\n", 1, 0), 0, 0, 0);
}

TEST_F(Sink, StandardOutput) {
    const Pipe pipe;
    const auto sink = stdout_sink(pipe.writer.get());
    expect(sink->write("a\nbc\n", 2, 0), 2, 0, 5);
    EXPECT_EQ(pipe.read(5), "a\nbc\n");
    EXPECT_EQ(sink->trouble(), "");
}

TEST_F(Sink, StandardOutputThatIsClosedStaysClosed) {
    const Pipe pipe;
    const auto closed = stdout_sink(-1);
    const auto read_only = stdout_sink(pipe.reader.get());
    for (const auto* sink : {&closed, &read_only}) {
        expect((*sink)->write("a\n", 1, 10 * kSinkRetryMs), 0, 1, 0);
        EXPECT_NE((*sink)->trouble().find("it is closed"), std::string::npos);
    }
}

TEST_F(Sink, APipeWhoseReaderIsGone) {
    Pipe pipe;
    const auto sink = stdout_sink(pipe.writer.get());
    pipe.reader = Descriptor();
    expect(sink->write("a\nb\n", 2, 0), 0, 2, 0);
    EXPECT_NE(sink->trouble().find("its reader is gone"), std::string::npos);
}

TEST_F(Sink, APipeThatSomebodyMadeNonBlocking) {
    const Pipe pipe(O_NONBLOCK);
    ::fcntl(pipe.reader.get(), F_SETFL, 0);
    const auto sink = stdout_sink(pipe.writer.get());
    std::string lines;
    for (int i = 0; i < 200'000; ++i) lines += std::to_string(i) + '\n';
    auto writing = std::async(std::launch::async, [&] { return sink->write(lines, 200'000, 0); });
    EXPECT_EQ(pipe.read(lines.size()), lines);
    expect(writing.get(), 200'000, 0, lines.size());
}

TEST_F(Sink, AFileIsAppendedToAndNotForTheWorld) {
    directory_.write("log", "old\n");
    const auto sink = open_sink("file:" + directory_.at("log"));
    sink->write("a\n", 1, 0);
    directory_.write("log", "");  // copytruncate
    sink->write("b\n", 1, 0);
    EXPECT_EQ(content(directory_.at("log")), "b\n");

    open_sink("file:" + directory_.at("new"));
    struct stat status{};
    ASSERT_EQ(::stat(directory_.at("new").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0137, 0U) << "at most 0640";
}

TEST_F(Sink, AFileThatCannotBeOpenedIsTriedAgainEachSecond) {
    const auto sink = open_sink("file:" + directory_.at("absent/log"));
    EXPECT_NE(sink->trouble().find("create its directory"), std::string::npos) << sink->trouble();
    expect(sink->write("a\n", 1, 0), 0, 1, 0);
    directory_.make("absent");
    expect(sink->write("b\n", 1, kSinkRetryMs - 1), 0, 1, 0);
    expect(sink->write("c\n", 1, kSinkRetryMs), 1, 0, 2);
    EXPECT_EQ(sink->trouble(), "");
    EXPECT_EQ(content(directory_.at("absent/log")), "c\n");
}

TEST_F(Sink, ADirectoryIsNoFile) {
    const auto sink = open_sink("file:" + directory_.path());
    EXPECT_NE(sink->trouble().find("not a directory"), std::string::npos) << sink->trouble();
}

TEST_F(Sink, AFullDiskRefusesAndIsTriedAgain) {
    const auto sink = open_sink("file:/dev/full");
    for (int i = 0; i < 2; ++i) {
        expect(sink->write("a\nb\n", 2, 0), 0, 2, 0);
        EXPECT_NE(sink->trouble().find("make room"), std::string::npos) << sink->trouble();
    }
}

TEST_F(Sink, ALineThatWasTakenInHalfIsFinishedFirst) {
    const std::string path = directory_.at("log");
    const auto sink = open_sink("file:" + path);
    {
        const SizeLimit limit(11);
        expect(sink->write("line 1\nline 2\nline 3\n", 3, 0), 1, 1, 11);
        EXPECT_NE(sink->trouble().find("make room"), std::string::npos) << sink->trouble();
        expect(sink->write("line 4\n", 1, 0), 0, 1, 0);
    }
    expect(sink->write("line 5\n", 1, 0), 2, 0, 10);
    EXPECT_EQ(content(path), "line 1\nline 2\nline 5\n");
}

TEST_F(Sink, TheRestOfALineMayBeTakenInPiecesToo) {
    const std::string path = directory_.at("log");
    const auto sink = open_sink("file:" + path);
    for (const rlim_t size : {2, 4}) {
        const SizeLimit limit(size);
        expect(sink->write("line 1\n", 1, 0), 0, size == 2 ? 0 : 1, 2);
    }
    expect(sink->write("line 2\n", 1, 0), 2, 0, 10);
    EXPECT_EQ(content(path), "line 1\nline 2\n");
}

TEST_F(Sink, ReopenGoesOnInANewFileOfTheSameName) {
    const std::string path = directory_.at("log");
    const auto sink = open_sink("file:" + path);
    sink->write("a\n", 1, 0);
    directory_.rename("log", "log.1");
    sink->write("b\n", 1, 0);
    expect(sink->reopen(0), 0, 0, 0);
    sink->write("c\n", 1, 0);
    EXPECT_EQ(content(path + ".1"), "a\nb\n");
    EXPECT_EQ(content(path), "c\n");
}

TEST_F(Sink, ReopenFinishesTheHalfLineInTheOldFileOrGivesItUp) {
    const std::string path = directory_.at("log");
    const auto sink = open_sink("file:" + path);
    {
        const SizeLimit limit(3);
        sink->write("line 1\n", 1, 0);
    }
    directory_.rename("log", "log.1");
    expect(sink->reopen(0), 1, 0, 4);
    EXPECT_EQ(content(path + ".1"), "line 1\n");
    {
        const SizeLimit limit(3);
        sink->write("line 2\n", 1, 0);
        directory_.rename("log", "log.2");
        expect(sink->reopen(0), 0, 1, 0);
    }
    sink->write("line 3\n", 1, 0);
    EXPECT_EQ(content(path), "line 3\n");
}

TEST_F(Sink, ReopenOfAFileThatCameBackDoesNotWaitForTheRetry) {
    const auto sink = open_sink("file:" + directory_.at("absent/log"));
    directory_.make("absent");
    sink->reopen(1);
    expect(sink->write("a\n", 1, 1), 1, 0, 2);
}

TEST_F(Sink, ReopenLeavesStandardOutputAlone) {
    const Pipe pipe;
    const auto sink = stdout_sink(pipe.writer.get());
    sink->reopen(0);
    expect(sink->write("a\n", 1, 0), 1, 0, 2);
}

}  // namespace
}  // namespace sluice::steward

// The supervisor's end of the hand-over, played by a test, and a publisher whose time it sets.
#pragma once

#include <filesystem>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "controller/publish/publish.h"
#include "table/builder.h"
#include "table/view.h"
#include "tests/unit/new_folder.h"

namespace sluice::publish {

using table::Message;
using table::MessageKind;

inline constexpr int64_t kMs = 1'000'000;

inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

inline table::Digests digests_of(std::string_view routes, std::string_view endpoints) {
    return {table::digest(bytes_of(routes)), table::digest(bytes_of(endpoints)), 0};
}

// What the supervisor received.
struct Published {
    Message message;
    std::vector<std::string> texts;  // of the descriptors, in order
};

class Scripted : public testing::Test {
protected:
    Scripted() : folder_(new_folder()), publisher_(path()) {}
    ~Scripted() override { std::filesystem::remove_all(folder_); }

    std::string path() const { return folder_ + "/control"; }

    void listen() {
        auto listener = table::listen_at(path());
        ASSERT_TRUE(listener) << listener.error().message;
        listener_ = std::move(*listener);
    }
    // Takes the publisher's connection.
    void accept() {
        auto peer = table::accept_from(listener_.get());
        ASSERT_TRUE(peer && *peer) << "nobody connected";
        peer_ = std::move(*peer);
    }
    void say(Message message) { ASSERT_TRUE(table::send(peer_.get(), message)); }
    void say_hello(uint64_t generation, const table::Digests& digests) {
        say(table::hello("test-build", generation, digests));
    }
    void say_running(uint64_t generation) { say(answer(MessageKind::running, generation)); }
    void say_late(uint64_t generation, uint16_t worker) {
        Message message = answer(MessageKind::late, generation);
        message.worker = worker;
        say(message);
    }
    void say_refused(uint64_t generation, Reason reason, const char* why) {
        Message message = answer(MessageKind::refused, generation);
        message.reason = reason;
        message.text = why;
        say(message);
    }
    void hang_up() { peer_ = table::Descriptor(); }

    // The next publish; nullopt when there is none.
    std::optional<Published> take() {
        auto received = table::receive(peer_.get());
        if (!received || received->again || received->closed) return std::nullopt;
        Published published{std::move(received->message), {}};
        for (const table::Descriptor& memory : received->descriptors) {
            const auto mapping = table::Mapping::map(memory.get());
            EXPECT_TRUE(mapping) << mapping.error().message;
            const auto bytes = mapping->bytes();
            published.texts.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        }
        return published;
    }
    bool publisher_left() {
        const auto received = table::receive(peer_.get());
        return received && received->closed;
    }

    void offer(std::string_view routes, std::string_view endpoints) {
        EXPECT_TRUE(publisher_.offer(bytes_of(routes), bytes_of(endpoints)));
    }
    std::vector<Event> step() { return publisher_.step(now_); }

    // Connected to a supervisor that runs these texts (empty: none).
    void connect(uint64_t generation, std::string_view routes, std::string_view endpoints) {
        listen();
        step();
        accept();
        say_hello(generation, routes.empty() ? table::Digests{} : digests_of(routes, endpoints));
    }

    table::Descriptor listener_;
    table::Descriptor peer_;
    int64_t now_ = 5'000 * kMs;

private:
    static Message answer(MessageKind kind, uint64_t generation) {
        Message message;
        message.kind = kind;
        message.generation = generation;
        return message;
    }

    std::string folder_;

protected:
    Publisher publisher_;
};

inline void expect_events(
    const std::vector<Event>& events, const std::vector<std::pair<Event::Kind, uint64_t>>& expected
) {
    std::vector<std::pair<Event::Kind, uint64_t>> found;
    for (const Event& event : events) found.emplace_back(event.kind, event.generation);
    EXPECT_EQ(found, expected);
}

}  // namespace sluice::publish

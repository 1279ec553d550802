// A source over a directory, and what its batches say, in words.
#pragma once

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

#include "controller/files/source.h"
#include "tests/unit/files/directory.h"

namespace sluice::files {

inline constexpr int64_t kMs = 1'000'000;

// A Service whose one port tells versions apart.
inline std::string service(const std::string& name, int port = 80) {
    return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name +
           "}\nspec: {ports: [{port: " + std::to_string(port) + "}]}\n";
}

// Keeps what a store would hold: "web" → 80.
class Watching : public testing::Test {
protected:
    void start(std::vector<std::string> paths) {
        source_ = std::make_unique<Source>(std::move(paths));
        take(source_->load());
    }
    void start() { start({directory_.path()}); }

    // One poll at this moment. The kernel queues inotify's events before the writer's call returns.
    model::Batch poll(int64_t now_ms = 0) {
        if (now_ms > 0) now_ = now_ms * kMs;
        model::Batch batch = source_->poll(now_);
        take(batch);
        return batch;
    }
    // Polls at every moment that the source asks for, until it asks for none.
    void settle() {
        poll();
        for (int i = 0; i < 20 && source_->due(); ++i) {
            now_ = std::max(now_, *source_->due());
            poll();
        }
        EXPECT_FALSE(source_->due().has_value());
    }
    std::vector<std::string> problems() const {
        std::vector<std::string> texts;
        for (const model::Problem& problem : source_->report().problems) {
            std::string text = to_string(problem);
            // Without the directory, whose name is random.
            for (size_t at; (at = text.find(directory_.path() + "/")) != std::string::npos;) {
                text.erase(at, directory_.path().size() + 1);
            }
            texts.push_back(text);
        }
        return texts;
    }
    void take(const model::Batch& batch) {
        for (const model::ObjectKey& key : batch.remove)
            EXPECT_EQ(held_.erase(key.name), 1u) << key.name;
        for (const model::Object& object : batch.apply) {
            const auto& one = std::get<std::shared_ptr<const model::Service>>(object);
            held_[one->meta.name] = one->ports.at(0).port;
        }
    }

    using Held = std::map<std::string, int>;
    using Texts = std::vector<std::string>;
    Directory directory_;
    std::unique_ptr<Source> source_;
    Held held_;
    int64_t now_ = 1000 * kMs;
};

}  // namespace sluice::files

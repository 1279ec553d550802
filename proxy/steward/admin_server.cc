// Listeners, sessions and the second's tick on one Asio context.
#include "proxy/steward/admin_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>

#include "table/limits.h"

namespace sluice::steward {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Clock = std::chrono::steady_clock;
using Stream = beast::basic_stream<asio::generic::stream_protocol>;
using Parser = http::request_parser<http::empty_body>;

constexpr std::chrono::milliseconds kPatience(limits::kAdminConnectionMs);
constexpr std::chrono::milliseconds kLongPatience(limits::kAdminAnswerMs);

std::string text_of(beast::string_view view) {
    return {view.data(), view.size()};
}

Request request_of(const Parser& parser, bool is_local) {
    const auto& message = parser.get();
    const std::string target = text_of(message.target());
    const size_t question = std::min(target.find('?'), target.size());
    Request request;
    request.method = text_of(message.method_string());
    request.path = target.substr(0, question);
    if (question != target.size()) request.query = target.substr(question + 1);
    request.authorization = text_of(message[http::field::authorization]);
    request.is_local = is_local;
    return request;
}

std::string head_of(const Response& response, bool chunked, bool keep_alive) {
    const auto reason = http::obsolete_reason(http::int_to_status(response.status));
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + " " + text_of(reason);
    head += "\r\ncontent-type: " + response.type + "\r\ncache-control: no-store\r\n";
    if (response.status == 405) head += "allow: GET, HEAD\r\n";
    if (response.status == 401) head += "www-authenticate: Bearer realm=\"sluice\"\r\n";
    if (chunked) head += "transfer-encoding: chunked\r\n";
    if (!response.pieces) {
        head += "content-length: " + std::to_string(response.body.size()) + "\r\n";
    }
    head += keep_alive ? "connection: keep-alive\r\n" : "connection: close\r\n";
    return head + "\r\n";
}

void append_chunk(std::string& out, const std::string& bytes) {
    if (bytes.empty()) return;  // would be the last one
    std::array<char, 32> size;
    const int length = std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
    out.append(size.data(), static_cast<size_t>(length));
    out += bytes;
    out += "\r\n";
}

// What is wrong with a head that could not be read; nothing is answered where nobody asked.
Response answer_to(const beast::error_code& error) {
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
        return refusal(431, "head_too_large", "a request head may have 8192 bytes; send less");
    }
    return refusal(400, "bad_request", "not an HTTP/1.1 request; see docs/metrics.md");
}

bool is_silent(const beast::error_code& error) {
    return error == http::error::end_of_stream || error == http::error::partial_message ||
           error.category() != http::make_error_code(http::error::bad_method).category();
}

// One connection: a coroutine that owns it.
class Session {
public:
    Session(Stream stream, const Handler& handler, bool is_local)
        : stream_(std::move(stream)), handler_(handler), is_local_(is_local) {}

    asio::awaitable<void> run() {
        bool again = true;
        while (again) again = co_await serve_one();
        co_await close();
    }

private:
    // False: the connection ends.
    asio::awaitable<bool> serve_one() {
        Parser parser;
        parser.header_limit(limits::kAdminRequestBytes);
        beast::error_code error;
        stream_.expires_after(kPatience);
        auto reading = http::async_read_header(
            stream_, buffer_, parser, asio::redirect_error(asio::use_awaitable, error)
        );
        const size_t head_bytes = co_await std::move(reading);
        // Beast counts neither the first line nor what it has consumed towards its limit.
        if (!error && head_bytes > limits::kAdminRequestBytes) error = http::error::header_limit;
        if (error) {
            if (is_silent(error)) co_return false;
            Response response = answer_to(error);
            co_await send(response, false, false, false);
            co_return false;
        }
        const Request request = request_of(parser, is_local_);
        const bool has_body = parser.chunked() || parser.content_length().value_or(0) > 0;
        const bool is_head = request.method == "HEAD";
        const bool chunks = parser.get().version() >= 11;
        Response response = answer(request, has_body);
        const bool keep_alive =
            parser.get().keep_alive() && !has_body && (chunks || !response.pieces);
        const bool sent = co_await send(response, is_head, chunks, keep_alive);
        co_return sent&& keep_alive;
    }

    Response answer(const Request& request, bool has_body) const {
        if (request.method != "GET" && request.method != "HEAD") {
            return refusal(405, "bad_method", "only GET and HEAD are served");
        }
        if (has_body) return refusal(413, "body_forbidden", "no page takes a body; send none");
        return handler_(request);
    }

    asio::awaitable<bool> send(Response& response, bool is_head, bool chunks, bool keep_alive) {
        const auto end = Clock::now() + kLongPatience;
        const bool chunked = response.pieces && chunks;
        std::string out = head_of(response, chunked, keep_alive);
        if (is_head) response.pieces = nullptr;
        if (!is_head && chunked) append_chunk(out, response.body);
        if (!is_head && !chunked) out += response.body;
        bool more = static_cast<bool>(response.pieces);
        for (;;) {
            const bool written = co_await write(out, end);
            if (!written || !more) co_return written;
            std::string piece;
            more = response.pieces(piece);
            out.clear();
            if (!chunked) {
                out = std::move(piece);
                continue;
            }
            append_chunk(out, piece);
            if (!more) out += "0\r\n\r\n";
        }
    }

    asio::awaitable<bool> write(const std::string& bytes, Clock::time_point end) {
        if (bytes.empty()) co_return true;
        beast::error_code error;
        stream_.expires_at(std::min(end, Clock::now() + kPatience));
        const auto buffer = asio::buffer(bytes);
        auto writing =
            asio::async_write(stream_, buffer, asio::redirect_error(asio::use_awaitable, error));
        co_await std::move(writing);
        co_return !error;
    }

    // Closing with the peer's bytes unread would reset the connection under our answer.
    asio::awaitable<void> close() {
        beast::error_code error;
        stream_.socket().shutdown(asio::socket_base::shutdown_send, error);
        if (error) co_return;
        stream_.expires_after(kPatience);
        std::array<char, 4096> ignored;
        const auto buffer = asio::buffer(ignored);
        while (!error) {
            auto reading =
                stream_.async_read_some(buffer, asio::redirect_error(asio::use_awaitable, error));
            co_await std::move(reading);
        }
    }

    Stream stream_;
    const Handler& handler_;
    const bool is_local_;
    beast::flat_static_buffer<limits::kAdminRequestBytes> buffer_;
};

}  // namespace

class AdminServer::Core {
public:
    Core(const AdminSettings& settings, Handler handler) : handler_(std::move(handler)) {
        for (const int fd : settings.listeners) add(fd, false);
        if (settings.socket >= 0) add(settings.socket, true);
    }

    void every_second(std::function<void()> tick) {
        tick_ = std::move(tick);
        arm();
    }
    asio::io_context& context() { return context_; }

private:
    // A listener and the connections that came out of it.
    struct Listener {
        asio::posix::stream_descriptor descriptor;  // a duplicate: the original stays the caller's
        int family;
        bool is_local;
        size_t open = 0;
        bool waits = false;
    };

    void add(int fd, bool is_local) {
        const int own = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (own < 0) throw beast::system_error(errno, boost::system::system_category());
        int family = AF_UNSPEC;
        socklen_t size = sizeof family;
        ::getsockopt(own, SOL_SOCKET, SO_DOMAIN, &family, &size);
        listeners_.push_back(std::make_unique<Listener>(
            Listener{asio::posix::stream_descriptor(context_, own), family, is_local}
        ));
        wait(*listeners_.back());
    }

    // At the limit nobody waits: who comes next stands in the kernel's queue.
    void wait(Listener& listener) {
        if (listener.waits || listener.open >= limits::kAdminConnections) return;
        listener.waits = true;
        listener.descriptor.async_wait(
            asio::posix::stream_descriptor::wait_read,
            [this, &listener](const beast::error_code& error) {
                listener.waits = false;
                if (error) return;
                accept(listener);
                wait(listener);
            }
        );
    }

    void accept(Listener& listener) {
        while (listener.open < limits::kAdminConnections) {
            const int fd = ::accept4(
                listener.descriptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK
            );
            if (fd < 0) return pause_if_exhausted(listener);
            Stream stream(context_);
            beast::error_code error;
            stream.socket().assign(asio::generic::stream_protocol(listener.family, 0), fd, error);
            if (error) {
                ::close(fd);
                continue;
            }
            start(listener, std::move(stream));
        }
    }

    // Without descriptors the listener stays readable: waiting on it at once would spin.
    void pause_if_exhausted(Listener& listener) {
        if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) return;
        listener.waits = true;
        auto timer = std::make_shared<asio::steady_timer>(context_, std::chrono::milliseconds(100));
        timer->async_wait([this, &listener, timer](const beast::error_code& error) {
            listener.waits = false;
            if (!error) wait(listener);
        });
    }

    void start(Listener& listener, Stream stream) {
        ++listener.open;
        auto session = std::make_shared<Session>(std::move(stream), handler_, listener.is_local);
        asio::awaitable<void> life = session->run();
        // An exception (no memory) ends the connection that met it and nothing else.
        asio::co_spawn(
            context_,
            std::move(life),
            [this, &listener, session](const std::exception_ptr&) mutable {
                session.reset();
                --listener.open;
                wait(listener);
            }
        );
    }

    void arm() {
        timer_.expires_after(std::chrono::seconds(1));
        timer_.async_wait([this](const beast::error_code& error) {
            if (error) return;
            tick_();
            arm();
        });
    }

    Handler handler_;
    std::function<void()> tick_;
    asio::io_context context_{1};
    asio::steady_timer timer_{context_};
    std::vector<std::unique_ptr<Listener>> listeners_;
};

AdminServer::AdminServer(const AdminSettings& settings, Handler handler)
    : core_(std::make_unique<Core>(settings, std::move(handler))) {}

AdminServer::~AdminServer() = default;

void AdminServer::every_second(std::function<void()> tick) {
    core_->every_second(std::move(tick));
}

void AdminServer::run() {
    core_->context().run();
}

void AdminServer::stop() {
    core_->context().stop();
}

}  // namespace sluice::steward

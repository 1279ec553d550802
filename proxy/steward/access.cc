// "Authorization: Bearer TOKEN" against a file.
#include "proxy/steward/access.h"

#include <array>
#include <fstream>
#include <string_view>

namespace sluice::steward {
namespace {

constexpr size_t kTokenBytes = 4096;
constexpr std::string_view kScheme = "bearer ";

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// "" when the file cannot be read, is empty or is no token.
std::string read_token(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::array<char, kTokenBytes + 1> bytes;
    file.read(bytes.data(), bytes.size());
    const auto got = static_cast<size_t>(file.gcount());
    if (got > kTokenBytes) return {};
    return std::string(trimmed({bytes.data(), got}));
}

std::string_view bearer_of(std::string_view field) {
    if (field.size() < kScheme.size()) return {};
    for (size_t i = 0; i < kScheme.size(); ++i) {
        const char c = field[i];
        if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != kScheme[i]) return {};
    }
    return trimmed(field.substr(kScheme.size()));
}

// Takes as long whatever differs; the length is no secret.
bool equal(std::string_view sent, std::string_view token) {
    if (sent.size() != token.size()) return false;
    volatile unsigned char differences = 0;
    for (size_t i = 0; i < token.size(); ++i) {
        differences = differences | static_cast<unsigned char>(sent[i] ^ token[i]);
    }
    return differences == 0;
}

}  // namespace

std::optional<Response> refuse_stranger(const Request& request, const std::string& token_file) {
    if (request.is_local) return std::nullopt;
    if (token_file.empty()) {
        return refusal(
            403,
            "admin_only",
            "this page needs the unix socket or a token: use --admin-socket or "
            "--admin-token-file"
        );
    }
    const std::string token = read_token(token_file);
    if (token.empty()) {
        return refusal(
            503,
            "token_unreadable",
            "the file of --admin-token-file cannot be read or holds no token of at most 4096 bytes"
        );
    }
    if (equal(bearer_of(request.authorization), token)) return std::nullopt;
    return refusal(
        401,
        "bad_token",
        "send \"Authorization: Bearer TOKEN\" with the token of "
        "--admin-token-file, or use the unix socket"
    );
}

}  // namespace sluice::steward

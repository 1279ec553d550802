// Refusals as JSON.
#include "proxy/steward/page.h"

#include "proxy/steward/json_writer.h"

namespace sluice::steward {

Response refusal(unsigned status, std::string_view code, std::string_view message) {
    Response response{.status = status, .type = "application/json"};
    JsonWriter json(response.body);
    json.open('{').key("error").open('{').field("code", code).field("message", message);
    json.close('}').close('}');
    response.body += '\n';
    return response;
}

}  // namespace sluice::steward

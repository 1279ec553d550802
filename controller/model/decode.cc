// From a document's apiVersion and kind to its table, and what holds for every kind: namespace,
// name, origin.
#include "controller/model/decode.h"

#include <algorithm>

#include "controller/model/tables.h"

namespace sluice::model {
namespace {

template <class T>
constexpr bool kClusterScoped = std::is_same_v<T, IngressClass>;

// The name of a Service is part of DNS names; the other kinds allow dots.
template <class T>
constexpr TextCheck kNameCheck = std::is_same_v<T, Service> ? check_dns_label : check_dns_subdomain;

template <class T>
void finish_meta(T& object, const Value& document, Cursor& cursor) {
    Meta& meta = object.meta;
    const Value* metadata = document.find("metadata");
    const Cursor::Step step(cursor, "metadata");
    if (const Complaint complaint = kNameCheck<T>(meta.name); !complaint.empty()) {
        const Value* name = metadata->find("name");
        cursor.problem_at("name", name->place, in_quotes(meta.name) + ' ' + std::string(complaint));
    }
    if constexpr (kClusterScoped<T>) {
        if (meta.ns.empty()) return;
        const Place place = metadata->find("namespace")->place;
        cursor.problem_at("namespace", place, "must be left out: this kind belongs to the cluster");
    } else {
        if (meta.ns.empty()) meta.ns = "default";
    }
}

template <class T>
void decode_as(
    const Fields<T>& table, const Value& document, const std::string& file, Decoded& out
) {
    Cursor cursor(file);
    auto object = std::make_shared<T>();
    object->meta.origin = {file, document.place};
    read_fields(*object, document, table, cursor);
    if (cursor.count() == 0) finish_meta(*object, document, cursor);
    if (cursor.count() == 0) {
        out.object = std::shared_ptr<const T>(std::move(object));
        return;
    }
    out.problems = cursor.take();
}

struct KnownKind {
    std::string_view api_version;
    std::string_view kind;
    void (*decode)(const Value& document, const std::string& file, Decoded& out);
};

constexpr KnownKind kKnownKinds[] = {
    {"networking.k8s.io/v1",
     "IngressClass",
     [](const Value& document, const std::string& file, Decoded& out) {
         decode_as(ingress_class_fields(), document, file, out);
     }},
    {"networking.k8s.io/v1",
     "Ingress",
     [](const Value& document, const std::string& file, Decoded& out) {
         decode_as(ingress_fields(), document, file, out);
     }},
    {"v1",
     "Service",
     [](const Value& document, const std::string& file, Decoded& out) {
         decode_as(service_fields(), document, file, out);
     }},
    {"discovery.k8s.io/v1",
     "EndpointSlice",
     [](const Value& document, const std::string& file, Decoded& out) {
         decode_as(endpoint_slice_fields(), document, file, out);
     }},
    {"sluice.dev/v1alpha1",
     "ModelRoute",
     [](const Value& document, const std::string& file, Decoded& out) {
         decode_as(model_route_fields(), document, file, out);
     }},
};

std::string_view group_of(std::string_view api_version) {
    const size_t slash = api_version.find('/');
    return slash == std::string_view::npos ? "" : api_version.substr(0, slash);
}

// Our own kinds misspelt, and older versions of those that we read, are refused: passed over as
// somebody else's, they would leave their traffic without a route and nobody would hear of it.
std::optional<Problem> refuse_near_miss(
    const Value& document,
    const std::string& api_version,
    const std::string& kind,
    const std::string& file
) {
    constexpr std::string_view kOurGroup = "sluice.dev";
    const bool ours = api_version == kOurGroup || group_of(api_version) == kOurGroup;
    std::string our_kinds;
    for (const KnownKind& known : kKnownKinds) {
        const std::string_view group = group_of(known.api_version);
        if (group == kOurGroup) {
            our_kinds += (our_kinds.empty() ? "" : ", ") + std::string(known.api_version) + ' ' +
                         std::string(known.kind);
        }
        // Where Ingress lived until Kubernetes 1.22.
        const bool moved = known.kind == "Ingress" && group_of(api_version) == "extensions";
        const bool older = kind == known.kind && (group == group_of(api_version) || moved);
        if (!older && !(ours && kind == known.kind)) continue;
        const std::string message = in_quotes(api_version) + " is not read for the kind " + kind +
                                    ": use " + std::string(known.api_version);
        return Problem{{file, document.find("apiVersion")->place}, "apiVersion", message};
    }
    if (!ours) return std::nullopt;
    const std::string message = in_quotes(kind) + " is not a kind that is read in the group " +
                                std::string(kOurGroup) + ": use " + our_kinds;
    return Problem{{file, document.find("kind")->place}, "kind", message};
}

// The text of a member that names the type of the document; a problem when it is absent or no text.
std::string type_member(
    const Value& document, std::string_view name, const std::string& file, Decoded& out
) {
    const Value* value = document.find(name);
    const bool text =
        value != nullptr && value->kind == Value::Kind::string && !value->string.empty();
    if (text) return value->string;
    const Place place = value == nullptr ? document.place : value->place;
    out.problems.push_back(
        {{file, place},
         std::string(name),
         "is required: every document names its apiVersion and kind"}
    );
    return {};
}

// For the note about a document that Sluice does not read: short, whatever the document holds.
std::string shown(const std::string& text) {
    constexpr size_t kShown = 100;
    const bool plain = text.size() <= kShown && check_printable(text).empty();
    return plain ? text : in_quotes(text);
}

}  // namespace

Decoded decode(const Value& document, const std::string& file) {
    Decoded out;
    if (document.kind != Value::Kind::map) {
        const std::string found{kind_text(document.kind)};
        out.problems.push_back({{file, document.place}, "", "is " + found + ": must be a map"});
        return out;
    }
    const std::string api_version = type_member(document, "apiVersion", file, out);
    const std::string kind = type_member(document, "kind", file, out);
    if (!out.problems.empty()) return out;
    out.kind_text = shown(api_version) + ' ' + shown(kind);
    for (const KnownKind& known : kKnownKinds) {
        if (known.api_version != api_version || known.kind != kind) continue;
        out.known_kind = true;
        known.decode(document, file, out);
        return out;
    }
    if (auto refused = refuse_near_miss(document, api_version, kind, file)) {
        out.problems.push_back(std::move(*refused));
    }
    return out;
}

std::vector<const Value*> items_of(const Value& document) {
    const auto is = [&](std::string_view member, std::string_view text) {
        const Value* value = document.find(member);
        return value != nullptr && value->kind == Value::Kind::string && value->string == text;
    };
    const Value* items = document.find("items");
    const bool list = is("apiVersion", "v1") && is("kind", "List") && items != nullptr &&
                      items->kind == Value::Kind::list;
    if (!list) return {&document};
    std::vector<const Value*> out;
    for (const Value& item : items->list) out.push_back(&item);
    return out;
}

}  // namespace sluice::model

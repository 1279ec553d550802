// Tests the decoding engine and what holds for every kind: dispatch, metadata, unknown fields,
// types, bounds.
#include "controller/model/decode.h"

#include "table/limits.h"
#include "tests/unit/model/decoding.h"

namespace sluice::model {
namespace {

std::string service(const std::string& metadata, const std::string& spec = "{}") {
    return R"({"apiVersion":"v1","kind":"Service","metadata":)" + metadata + R"(,"spec":)" + spec +
           "}";
}

std::string ingress_class(const std::string& metadata) {
    return R"({"apiVersion":"networking.k8s.io/v1","kind":"IngressClass","metadata":)" + metadata +
           R"(,"spec":{"controller":"sluice.dev/ingress-controller"}})";
}

TEST(Decode, OtherKindsAreNotOursAndNoProblem) {
    const Decoded decoded =
        decode_text(R"({"apiVersion":"apps/v1","kind":"Deployment","bogus":[1]})");
    EXPECT_FALSE(decoded.known_kind);
    EXPECT_FALSE(decoded.object.has_value());
    EXPECT_TRUE(decoded.problems.empty());
    EXPECT_EQ(decoded.kind_text, "apps/v1 Deployment");
    for (const char* foreign :
         {R"({"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy"})",
          R"({"apiVersion":"config.openshift.io/v1","kind":"Ingress"})",
          R"({"apiVersion":"serving.knative.dev/v1","kind":"Service"})",
          R"({"apiVersion":"networking.serving.volcano.sh/v1alpha1","kind":"ModelRoute"})",
          R"({"apiVersion":"extensions/v1beta1","kind":"Deployment"})",
          R"({"apiVersion":"notsluice.dev/v1","kind":"ModelRoute"})"}) {
        EXPECT_FALSE(decode_text(foreign).known_kind) << foreign;
        EXPECT_EQ(problems_of(foreign), Problems{}) << foreign;
    }
}

TEST(Decode, NearlyOursIsRefusedWithTheRightName) {
    const auto of = [](const std::string& api_version, const std::string& kind) {
        return problems_of(R"({"apiVersion":")" + api_version + R"(","kind":")" + kind + "\"}");
    };
    const auto version =
        [](const std::string& found, const std::string& kind, const std::string& right) {
            return Problems{
                "apiVersion: \"" + found + "\" is not read for the kind " + kind + ": use " + right
            };
        };
    const auto kind = [](const std::string& found) {
        return Problems{
            "kind: \"" + found +
            "\" is not a kind that is read in the group sluice.dev: use sluice.dev/v1alpha1 "
            "ModelRoute"
        };
    };
    const std::string ours = "sluice.dev/v1alpha1";
    const std::string networking = "networking.k8s.io/v1";
    EXPECT_EQ(of("sluice.dev/v1", "ModelRoute"), version("sluice.dev/v1", "ModelRoute", ours));
    EXPECT_EQ(of("sluice.dev", "ModelRoute"), version("sluice.dev", "ModelRoute", ours));
    EXPECT_EQ(of(ours, "ModelRoutes"), kind("ModelRoutes"));
    EXPECT_EQ(of("sluice.dev/v1", "modelroute"), kind("modelroute"));
    for (const char* old : {"extensions/v1beta1", "networking.k8s.io/v1beta1"}) {
        EXPECT_EQ(of(old, "Ingress"), version(old, "Ingress", networking));
    }
    EXPECT_EQ(
        of("networking.k8s.io/v1beta1", "IngressClass"),
        version("networking.k8s.io/v1beta1", "IngressClass", networking)
    );
    EXPECT_EQ(
        of("discovery.k8s.io/v1beta1", "EndpointSlice"),
        version("discovery.k8s.io/v1beta1", "EndpointSlice", "discovery.k8s.io/v1")
    );
    EXPECT_EQ(of("v2", "Service"), version("v2", "Service", "v1"));
}

TEST(Decode, AHostileKindIsShownQuotedAndShort) {
    const std::string kind(5000, 'x');
    EXPECT_LT(decode_text(R"({"apiVersion":"v1","kind":")" + kind + "\"}").kind_text.size(), 100u);
    EXPECT_EQ(decode_text(R"({"apiVersion":"v1","kind":"a\nb"})").kind_text, "v1 \"a\\x0ab\"");
}

TEST(Decode, ADocumentNamesItsType) {
    EXPECT_EQ(problems_of("[]"), Problems{"is a list: must be a map"});
    EXPECT_EQ(problems_of("7"), Problems{"is an integer: must be a map"});
    EXPECT_EQ(
        problems_of(R"({"kind":7})"),
        (Problems{
            "apiVersion: is required: every document names its apiVersion and kind",
            "kind: is required: every document names its apiVersion and kind"
        })
    );
}

TEST(Decode, ItemsOfAListAndOfAnythingElse) {
    const auto list =
        parse_json(R"({"apiVersion":"v1","kind":"List","items":[{"a":1},{"b":2}]})", "a");
    EXPECT_EQ(items_of(*list).size(), 2u);
    EXPECT_EQ(items_of(*list)[1]->find("b")->integer, 2);
    const auto empty = parse_json(R"({"apiVersion":"v1","kind":"List","items":[]})", "a");
    EXPECT_TRUE(items_of(*empty).empty());
    const auto other = parse_json(R"({"apiVersion":"v2","kind":"List","items":[]})", "a");
    EXPECT_EQ(items_of(*other), std::vector<const Value*>{&*other});
}

TEST(Decode, UnknownFieldNamesTheNearestOne) {
    EXPECT_EQ(
        problems_of(service(R"({"name":"a","anotations":{},"NameSpace":"b","zzz":1})")),
        (Problems{
            R"(metadata: unknown field "anotations": did you mean "annotations"?)",
            R"(metadata: unknown field "NameSpace": did you mean "namespace"?)",
            R"(metadata: unknown field "zzz": remove it)"
        })
    );
    EXPECT_EQ(
        problems_of(
            R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{},"spce":{}})"
        ),
        Problems{R"(unknown field "spce": did you mean "spec"?)"}
    );
}

TEST(Decode, PlacesOfProblems) {
    const Decoded decoded = decode_text(
        "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\n"
        " \"metadata\":{\"name\":\"a\",\n"
        "   \"wrong\":1},\n"
        " \"spec\":{\"ports\":[{\"port\":\"http\"}]}}"
    );
    ASSERT_EQ(decoded.problems.size(), 2u);
    EXPECT_EQ(
        to_string(decoded.problems[0]), "a.json:3:4: metadata: unknown field \"wrong\": remove it"
    );
    EXPECT_EQ(
        to_string(decoded.problems[1]),
        "a.json:4:27: spec.ports[0].port: is a string \"http\": must be an integer"
    );
}

TEST(Decode, WrongTypesNameBoth) {
    EXPECT_EQ(
        problems_of(service(
            R"({"name":5,"labels":[],"generation":"1","managedFields":{}})", R"({"ports":true})"
        )),
        (Problems{
            "metadata.generation: is a string \"1\": must be an integer",
            "metadata.labels: is a list: must be a map",
            "metadata.managedFields: is a map: must be a list",
            "metadata.name: is an integer: must be a string",
            "spec.ports: is a boolean: must be a list",
        })
    );
    EXPECT_EQ(
        problems_of(service(R"({"name":"a","generation":1.5})")),
        Problems{"metadata.generation: is a number with a fraction: must be an integer"}
    );
}

TEST(Decode, IgnoredFieldsAreCheckedInDepth) {
    EXPECT_EQ(
        problems_of(service(R"({"name":"a","ownerReferences":[{"kind":"X"},{"knid":"X"}]})")),
        Problems{R"(metadata.ownerReferences[1]: unknown field "knid": did you mean "kind"?)"}
    );
}

TEST(Decode, NullStandsForAbsent) {
    const auto object = decode_good<Service>(service(
        R"({"name":"a","creationTimestamp":null,"labels":null,"annotations":{"x":null}})",
        R"({"ports":null})"
    ));
    EXPECT_EQ(object->meta.creation_timestamp, "");
    EXPECT_EQ(object->meta.annotations.at("x"), "");
    EXPECT_EQ(problems_of(service(R"({"name":null})")), Problems{"metadata.name: is required"});
}

TEST(Decode, NullInAListIsAProblem) {
    EXPECT_EQ(
        problems_of(service(R"({"name":"a"})", R"({"ports":[null]})")),
        Problems{"spec.ports[0]: is null: must be a map"}
    );
}

TEST(Decode, MetadataIsKept) {
    const auto object = decode_good<Service>(service(
        R"({"name":"web","namespace":"demo","uid":"u-1","resourceVersion":"12","generation":3,
            "creationTimestamp":"2026-01-31T10:00:00Z","labels":{"app":"web"},
            "annotations":{"sluice.dev/x":"free text\n"}})"
    ));
    EXPECT_EQ(object->meta.name, "web");
    EXPECT_EQ(object->meta.ns, "demo");
    EXPECT_EQ(object->meta.uid, "u-1");
    EXPECT_EQ(object->meta.resource_version, "12");
    EXPECT_EQ(object->meta.generation, 3);
    EXPECT_EQ(object->meta.creation_timestamp, "2026-01-31T10:00:00Z");
    EXPECT_EQ(object->meta.labels.at("app"), "web");
    EXPECT_EQ(object->meta.annotations.at("sluice.dev/x"), "free text\n");
    EXPECT_EQ(object->meta.origin.file, "a.json");
    EXPECT_EQ(object->meta.origin.place.line, 1);
    EXPECT_EQ(to_string(key_of(Object(object))), "Service demo/web");
}

TEST(Decode, NamespaceDefaultsOnlyWhereThereIsOne) {
    EXPECT_EQ(decode_good<Service>(service(R"({"name":"a"})"))->meta.ns, "default");
    const auto object = decode_good<IngressClass>(ingress_class(R"({"name":"sluice"})"));
    EXPECT_EQ(object->meta.ns, "");
    EXPECT_EQ(to_string(key_of(Object(object))), "IngressClass sluice");
    EXPECT_EQ(
        problems_of(ingress_class(R"({"name":"sluice","namespace":"demo"})")),
        Problems{"metadata.namespace: must be left out: this kind belongs to the cluster"}
    );
}

TEST(Decode, NamesFollowTheKind) {
    EXPECT_EQ(problems_of(ingress_class(R"({"name":"a.b"})")), Problems{});
    EXPECT_EQ(problems_of(service(R"({"name":"a.b"})")).size(), 1u);
    EXPECT_EQ(
        problems_of(service(R"({"name":"Web_1"})")),
        Problems{"metadata.name: \"Web_1\" must be a DNS name: at most 253 lower-case letters, "
                 "digits, '-' "
                 "and '.', each part beginning and ending with a letter or digit"}
    );
    EXPECT_EQ(
        problems_of(service(R"({"generateName":"a-"})")), Problems{"metadata.name: is required"}
    );
    EXPECT_EQ(problems_of(service(R"({"name":""})")).size(), 1u);
}

TEST(Decode, LabelsAndAnnotationsAreText) {
    EXPECT_EQ(
        problems_of(service(R"({"name":"a","labels":{"app":1},"annotations":{"sluice.dev/a":true}})"
        )),
        (Problems{
            "metadata.annotations[sluice.dev/a]: is a boolean: must be a string",
            "metadata.labels.app: is an integer: must be a string"
        })
    );
    EXPECT_EQ(problems_of(service(R"({"name":"a","labels":{"a b":"x"}})")).size(), 1u);
    EXPECT_EQ(problems_of(service(R"({"name":"a","labels":{"app":"a b"}})")).size(), 1u);
    EXPECT_EQ(problems_of(service(R"({"name":"a","annotations":{"app":"a b"}})")), Problems{});
}

TEST(Decode, HostileKeysStayShortAndPrintableInPaths) {
    const std::string key = std::string(500, 'k') + "\\n";
    const Problems found = problems_of(service(R"({"name":"a","labels":{")" + key + R"(":1}})"));
    ASSERT_EQ(found.size(), 1u);
    EXPECT_LT(found[0].size(), 400u);
    EXPECT_EQ(found[0].find('\n'), std::string::npos);
    EXPECT_EQ(found[0].find("metadata.labels[kkk"), 0u);
    EXPECT_EQ(
        problems_of(service(R"({"name":"a","annotations":{"a\nb":"c"}})"))[0].find(
            "metadata.annotations[a\\x0ab]: "
        ),
        0u
    );
}

TEST(Decode, AnnotationBytesHaveALimit) {
    const auto with = [](size_t bytes) {
        return service(R"({"name":"a","annotations":{"x":")" + std::string(bytes, 'a') + "\"}}");
    };
    EXPECT_EQ(problems_of(with(256 * 1024)), Problems{});
    EXPECT_EQ(problems_of(with(256 * 1024 + 1)).size(), 1u);
}

TEST(Decode, ProblemsHaveALimit) {
    std::string metadata = R"({"name":"a")";
    for (int i = 0; i < 500; ++i) metadata += ",\"unknown" + std::to_string(i) + "\":1";
    EXPECT_EQ(problems_of(service(metadata + "}")).size(), limits::kManifestProblems);
}

TEST(Decode, AmbiguousScalarsAreRefusedWhereTheyMatter) {
    auto value = *parse_json(service(R"({"name":"no"})"), "a");
    auto& metadata = value.map[2].second;
    metadata.map[0].second.ambiguous = true;
    const Decoded decoded = decode(value, "a");
    ASSERT_EQ(decoded.problems.size(), 1u);
    EXPECT_EQ(
        decoded.problems[0].message,
        "\"no\" is written without quotes, which kubectl (YAML 1.1) and YAML 1.2 read differently: "
        "put text in quotes, write true or false, write numbers without leading zeros or '_'"
    );
}

TEST(Meta, EqualityLooksAtContentOnly) {
    const auto one = decode_good<Service>(service(R"({"name":"a","resourceVersion":"1"})"));
    const auto two =
        decode_good<Service>("\n\n" + service(R"({"resourceVersion":"2","name":"a"})"));
    EXPECT_EQ(*one, *two);
    for (const char* other :
         {R"({"name":"b"})",
          R"({"name":"a","namespace":"x"})",
          R"({"name":"a","uid":"x"})",
          R"({"name":"a","generation":2})",
          R"({"name":"a","labels":{"a":"b"}})",
          R"({"name":"a","annotations":{"a":"b"}})",
          R"({"name":"a","creationTimestamp":"2026-01-31T10:00:00Z"})"}) {
        EXPECT_FALSE(*one == *decode_good<Service>(service(other))) << other;
    }
}

TEST(Meta, ProblemTextLeavesOutWhatIsUnknown) {
    EXPECT_EQ(to_string(Problem{{"f", {2, 3}}, "spec.a", "m"}), "f:2:3: spec.a: m");
    EXPECT_EQ(to_string(Problem{{"f", {}}, "", "m"}), "f: m");
    EXPECT_EQ(to_string(Problem{{}, "spec", "m"}), "spec: m");
}

}  // namespace
}  // namespace sluice::model

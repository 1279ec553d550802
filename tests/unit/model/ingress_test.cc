// Tests the tables of Ingress and IngressClass against what the API server accepts.
#include "tests/unit/model/decoding.h"

namespace sluice::model {
namespace {

std::string ingress(const std::string& spec, const std::string& metadata = R"({"name":"web"})") {
    return R"({"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":)" + metadata +
           R"(,"spec":)" + spec + "}";
}

std::string with_path(const std::string& path) {
    return ingress(R"({"rules":[{"http":{"paths":[)" + path + "]}}]}");
}

const std::string kBackend = R"({"service":{"name":"web","port":{"number":80}}})";

std::string path_of(const std::string& type, const std::string& path) {
    return R"({"pathType":")" + type + R"(","path":")" + path + R"(","backend":)" + kBackend + "}";
}

std::string with_backend(const std::string& backend) {
    return ingress(R"({"defaultBackend":)" + backend + "}");
}

std::string with_host(const std::string& host) {
    return ingress(R"({"rules":[{"host":")" + host + "\"}]}");
}

TEST(Ingress, EveryFieldThatWeActOn) {
    const auto object = decode_good<Ingress>(ingress(R"({
        "ingressClassName": "sluice",
        "defaultBackend": {"service": {"name": "fallback", "port": {"name": "http"}}},
        "tls": [{"hosts": ["a.com", "*.b.com"], "secretName": "cert"}, {}],
        "rules": [
            {"host": "a.com", "http": {"paths": [
                {"path": "/x", "pathType": "Exact", "backend": {"service": {"name": "one",
                    "port": {"number": 8080}}}},
                {"path": "/y", "pathType": "Prefix",
                    "backend": {"resource": {"apiGroup": "k8s.example.com", "kind": "Bucket",
                    "name": "b"}}},
                {"pathType": "ImplementationSpecific", "backend": {"resource": {"kind": "Bucket",
                    "name": "b"}}}
            ]}},
            {"host": "*.b.com"}
        ]})"));
    EXPECT_EQ(object->class_name, "sluice");
    EXPECT_EQ(object->default_backend->service, "fallback");
    EXPECT_EQ(object->default_backend->port.name, "http");
    EXPECT_EQ(object->default_backend->port.number, 0);
    ASSERT_EQ(object->tls.size(), 2u);
    EXPECT_EQ(object->tls[0].hosts, (std::vector<std::string>{"a.com", "*.b.com"}));
    EXPECT_EQ(object->tls[0].secret_name, "cert");
    ASSERT_EQ(object->rules.size(), 2u);
    EXPECT_EQ(object->rules[0].host, "a.com");
    ASSERT_EQ(object->rules[0].paths.size(), 3u);
    const IngressPath& path = object->rules[0].paths[0];
    EXPECT_EQ(path.path, "/x");
    EXPECT_EQ(path.type, PathType::exact);
    EXPECT_EQ(path.backend.service, "one");
    EXPECT_EQ(path.backend.port.number, 8080);
    EXPECT_EQ(object->rules[0].paths[1].type, PathType::prefix);
    EXPECT_EQ(object->rules[0].paths[1].backend.resource, "Bucket.k8s.example.com/b");
    EXPECT_EQ(object->rules[0].paths[2].type, PathType::implementation_specific);
    EXPECT_EQ(object->rules[0].paths[2].path, "");
    EXPECT_EQ(object->rules[0].paths[2].backend.resource, "Bucket/b");
    EXPECT_EQ(object->rules[1].host, "*.b.com");
    EXPECT_TRUE(object->rules[1].paths.empty());
}

TEST(Ingress, PlacesAreThoseOfRuleAndPath) {
    const auto object = decode_good<Ingress>(
        ingress("{\"rules\":[\n {\"http\":\n  {\"paths\":[\n   " + path_of("Prefix", "/") + "]}}]}")
    );
    EXPECT_EQ(object->rules[0].place.line, 2);
    EXPECT_EQ(object->rules[0].place.column, 2);
    EXPECT_EQ(object->rules[0].paths[0].place.line, 4);
    EXPECT_EQ(object->rules[0].paths[0].place.column, 4);
}

TEST(Ingress, TheOldAnnotationNamesTheClassUnlessTheFieldDoes) {
    const std::string metadata =
        R"({"name":"a","annotations":{"kubernetes.io/ingress.class":"old"}})";
    const std::string backend = R"("defaultBackend":)" + kBackend;
    EXPECT_EQ(decode_good<Ingress>(ingress("{" + backend + "}", metadata))->class_name, "old");
    EXPECT_EQ(
        decode_good<Ingress>(ingress(R"({"ingressClassName":"new",)" + backend + "}", metadata))
            ->class_name,
        "new"
    );
    EXPECT_EQ(decode_good<Ingress>(ingress("{" + backend + "}"))->class_name, std::nullopt);
}

TEST(Ingress, NeedsRulesOrADefaultBackend) {
    EXPECT_EQ(problems_of(ingress("{}")), Problems{"spec: must have rules or a defaultBackend"});
    EXPECT_EQ(problems_of(ingress(R"({"rules":[]})")).size(), 1u);
}

TEST(Ingress, PathTypeIsRequiredAndKnown) {
    EXPECT_EQ(
        problems_of(with_path(R"({"path":"/","backend":)" + kBackend + "}")),
        Problems{"spec.rules[0].http.paths[0].pathType: is required"}
    );
    EXPECT_EQ(
        problems_of(with_path(path_of("prefix", "/"))),
        Problems{
            "spec.rules[0].http.paths[0].pathType: \"prefix\" is not known: use Exact, Prefix or "
            "ImplementationSpecific"
        }
    );
}

TEST(Ingress, PathsOfExactAndPrefixAreAbsoluteAndCanonical) {
    for (const char* type : {"Exact", "Prefix"}) {
        EXPECT_EQ(problems_of(with_path(path_of(type, "/a/b"))), Problems{});
        for (const char* path :
             {"", "a", "//", "/a//b", "/a/./b", "/a/../b", "/a/..", "/a/.", "/a%2fb"}) {
            EXPECT_EQ(problems_of(with_path(path_of(type, path))).size(), 1u)
                << type << ' ' << path;
        }
    }
    EXPECT_EQ(
        problems_of(with_path(path_of("Prefix", "api"))),
        Problems{"spec.rules[0].http.paths[0].path: \"api\" must begin with '/'"}
    );
}

TEST(Ingress, ImplementationSpecificPathsAreOnlyAbsolute) {
    for (const char* path : {"", "/", "/a//b", "/v[0-9]+/.*"}) {
        EXPECT_EQ(problems_of(with_path(path_of("ImplementationSpecific", path))), Problems{})
            << path;
    }
    EXPECT_EQ(problems_of(with_path(path_of("ImplementationSpecific", "a"))).size(), 1u);
}

TEST(Ingress, HttpNeedsPaths) {
    EXPECT_EQ(
        problems_of(ingress(R"({"rules":[{"http":{"paths":[]}}]})")),
        Problems{"spec.rules[0].http.paths: has 0 items: at least 1 is needed"}
    );
    EXPECT_EQ(
        problems_of(ingress(R"({"rules":[{"http":{}}]})")),
        Problems{"spec.rules[0].http.paths: is required"}
    );
}

TEST(Ingress, HostsAreDnsNamesOrWildcards) {
    EXPECT_EQ(problems_of(with_host("")), Problems{});
    EXPECT_EQ(problems_of(with_host("a.example.com")), Problems{});
    EXPECT_EQ(problems_of(with_host("*.example.com")), Problems{});
    EXPECT_EQ(
        problems_of(with_host("10.0.0.1")),
        Problems{"spec.rules[0].host: \"10.0.0.1\" must be a DNS name, not an IP address"}
    );
    for (const char* host : {"*", "a.*", "A.com", "a.com:80", "http://a.com", "a..b", "::1"}) {
        EXPECT_EQ(problems_of(with_host(host)).size(), 1u) << host;
    }
}

TEST(Ingress, ABackendIsExactlyOneOfServiceAndResource) {
    EXPECT_EQ(
        problems_of(with_backend("{}")),
        Problems{"spec.defaultBackend: must have exactly one of service and resource"}
    );
    EXPECT_EQ(
        problems_of(with_backend(
            R"({"service":{"name":"a","port":{"number":1}},"resource":{"kind":"A","name":"b"}})"
        )),
        Problems{"spec.defaultBackend: must have exactly one of service and resource"}
    );
    EXPECT_EQ(problems_of(with_backend(R"({"resource":{"name":"b"}})")).size(), 1u);
}

TEST(Ingress, AServicePortIsExactlyOneOfNameAndNumber) {
    const auto with_port = [](const std::string& port) {
        return with_backend(R"({"service":{"name":"a","port":)" + port + "}}");
    };
    const Problems both{"spec.defaultBackend.service.port: must have exactly one of name and number"
    };
    EXPECT_EQ(problems_of(with_port("{}")), both);
    EXPECT_EQ(problems_of(with_port(R"({"name":"http","number":80})")), both);
    EXPECT_EQ(problems_of(with_port(R"({"number":1})")), Problems{});
    EXPECT_EQ(problems_of(with_port(R"({"number":65535})")), Problems{});
    EXPECT_EQ(
        problems_of(with_port(R"({"number":65536})")),
        Problems{"spec.defaultBackend.service.port.number: 65536 must be from 1 to 65535"}
    );
    EXPECT_EQ(problems_of(with_port(R"({"number":0})")).size(), 1u);
    EXPECT_EQ(problems_of(with_port(R"({"number":"80"})")).size(), 1u);
    EXPECT_EQ(problems_of(with_port(R"({"name":"80"})")).size(), 1u);
    EXPECT_EQ(
        problems_of(with_backend(R"({"service":{"name":"a"}})")),
        Problems{"spec.defaultBackend.service.port: is required"}
    );
}

TEST(Ingress, FieldsOfOlderVersionsAreNamed) {
    EXPECT_EQ(
        problems_of(with_path(
            R"({"pathType":"Exact","path":"/","backend":{"serviceName":"a","servicePort":1}})"
        )),
        (Problems{
            R"(spec.rules[0].http.paths[0].backend: unknown field "serviceName": remove it)",
            R"(spec.rules[0].http.paths[0].backend: unknown field "servicePort": remove it)"
        })
    );
}

TEST(Ingress, StatusIsKnown) {
    const std::string object = ingress(R"({"defaultBackend":)" + kBackend + "}");
    const std::string body = object.substr(0, object.size() - 1);
    EXPECT_EQ(
        problems_of(
            body +
            R"(,"status":{"loadBalancer":{"ingress":[{"ip":"1.2.3.4","ports":[{"port":80,
                "protocol":"TCP"}]}]}}})"
        ),
        Problems{}
    );
    EXPECT_EQ(
        problems_of(body + R"(,"status":{"loadBalancer":{"ingress":[{"ipp":"1.2.3.4"}]}}})"),
        Problems{R"(status.loadBalancer.ingress[0]: unknown field "ipp": did you mean "ip"?)"}
    );
}

TEST(Ingress, AProblemNeverHidesAnother) {
    EXPECT_EQ(
        problems_of(ingress(
                        R"({"rules":[{"host":"A"},{"host":"b","http":{"paths":[{},)" +
                        path_of("Exact", "x") + R"(]}}],"tls":[{"hosts":["*"]}]})"
                    ))
            .size(),
        5u
    );
}

TEST(IngressClass, ControllerAndDefault) {
    const auto make = [](const std::string& rest) {
        return R"({"apiVersion":"networking.k8s.io/v1","kind":"IngressClass",
            "metadata":{"name":"a")" +
               rest;
    };
    const auto object = decode_good<IngressClass>(make(
        R"(,"annotations":{"ingressclass.kubernetes.io/is-default-class":"true"}},
            "spec":{"controller":"sluice.dev/ingress-controller",
                "parameters":{"apiGroup":"sluice.dev","kind":"P","name":"p","scope":"Namespace",
                "namespace":"x"}}})"
    ));
    EXPECT_EQ(object->controller, "sluice.dev/ingress-controller");
    EXPECT_TRUE(object->is_default());
    const std::string spec = R"("spec":{"controller":"a.b/c"}})";
    EXPECT_FALSE(decode_good<IngressClass>(make("}," + spec))->is_default());
    EXPECT_FALSE(
        decode_good<IngressClass>(
            make(R"(,"annotations":{"ingressclass.kubernetes.io/is-default-class":"yes"}},)" + spec)
        )
            ->is_default()
    );
    EXPECT_EQ(problems_of(make(R"(},"spec":{}})")), Problems{"spec.controller: is required"});
    EXPECT_EQ(problems_of(make("}}")), Problems{"spec: is required"});
}

}  // namespace
}  // namespace sluice::model

"""400 ways to write a path: honest ones, sloppy ones, and ones that hope to be read differently.

`HOST` in a spelling stands for the host that is asked.
"""

from __future__ import annotations

PLAIN = """/ /a /a/ /a/b /a/b/ /a/b/c /a/b/c/d /ab /abc /A /A/B /a/B /b /b/a /api /api/ /api/x
/api/x/ /apix /public /public/x /admin /admin/ /admin/x /Admin /administrator /v1 /v1/ /v10
/v1/chat /v1/chat/completions /v1/chat/completions/ /v1/chat/completionsx /v1/models
/v2/models/m/infer /v2/models /v99/x /fixed /x /base /caf%C3%A9 /caf%C3%A9/x /~user /~user/x
/file.txt /a.b /a..b /.a /..a /... /.../a /a... /a./b /a../b /.well-known/x
/a;b /a;b=c /a;/b /a/;b /;a /...;a /a,b /a+b /a:b /a@b /a!b /a$b /a&b /a'b /a(b) /a*b /a=b
/a"b /a<b> /a^b /a`b /a{b} /a|b /a[b] /~ /- /_ /a-b_c~d.e /0 /a/b/c.json""".split()

DOTS = """/. /./ /./a /a/. /a/./ /a/./b /a/././b /a/.. /a/../ /a/../b /a/b/.. /a/b/../ /a/b/../c
/a/b/../../c /a/b/../../../c /.. /../ /../a /../../a /a/../.. /a/../../b /./.. /./../a /a/./../b
/a/b/./../c /x/../a /x/../a/b /x/y/../../a/b /public/../admin /public/../admin/x
/public/x/../../admin /public/./../admin /admin/../public /admin/./x /admin/../admin /./admin
/v1/./chat/completions /v1/chat/../chat/completions /v1/../v2/models /v2/../v1/chat/completions
/a/.../b /a/..../b /a/.b/..c /a/...""".split()

SLASHES = """// /// //a //a/b /a//b /a///b /a//b//c /a// /a/// //admin ///admin /public//../admin
/public///x //v1//chat//completions /v1//chat/completions /a//.. /a//../b /a/..//b /a/.//b /a//./b
//../a //./a /.//a /api//x //api/x /a//b/../c //evil.example //evil.example/a
/a/b//""".split()

ENCODED_DOTS = """/%2e /%2E /%2e/ /%2e%2e /%2E%2E /%2e%2E/ /a/%2e /a/%2e/b /a/%2E/b /a/%2e%2e
/a/%2e%2e/b /a/%2E%2E/b /a/.%2e/b /a/%2e./b /a/%2E./b /a/.%2E/b /a/b/%2e%2e/c
/a/b/%2e%2e/%2e%2e/c /%2e%2e/a /%2e./a /public/%2e%2e/admin /public/%2E%2E/admin /public/.%2e/admin
/public/%2e./admin /public/%2e%2e%2fadmin /public/..%2fadmin /public%2f..%2fadmin
/public/%2e%2e/%2e%2e/admin /a/%2e%2e%2e/b /a/%2ehidden /%2e%2e%2e /v1/%2e/chat/completions
/v1/chat/%2e%2e/chat/completions""".split()

ENCODED_SEPARATORS = (
    """/a%2fb /a%2Fb /a/%2f /a/%2Fb /%2fa /%2f /%2F%2Fa /a%5cb /a%5Cb /%5c /a/%5c..%5cb
/a%00 /a%00b /%00 /a/%00/b /a%01b /a%0a /a%0d%0ab /a%0d%0aX-A:%201 /a%09b /a%1f /a%7f /a%7Fb
/admin%2f /admin%2fx /public%2fadmin /public/..%5cadmin /public%5c..%5cadmin /admin%00
/admin%00.html /v1%2fchat%2fcompletions /v1/chat%2fcompletions""".split()
)

BACKSLASHES = r"""/a\b \a /\ /\\ /a\..\b /public\..\admin /public/..\admin /a/\ /admin\ /\admin
/a\/b \\evil.example /v1\chat\completions""".split()

ESCAPES = """/%61 /%41 /%61/b /a/%62 /a/%62/%63 /%61%62 /%7euser /%7Euser /%7E /%2d /%2D /%5f /%5F
/%30 /%39 /%61dmin /%41dmin /a%64min /%61%64%6d%69%6e /%61%64%6D%69%6E/x /admi%6e /%70ublic
/v%31/chat/completions /v1/ch%61t/completions /%76%31/%63hat/completions /v1/chat/completion%73
/caf%c3%a9 /caf%C3%a9 /caf%c3%A9/x /caf%e9 /caf%E9 /a%20b /a%20 /%20a /%20 /a%2bb /a%2Bb /a%2cb
/a%3ab /a%3db /a%40b /a%21b /a%22b /a%23b /a%23 /a%24b /a%25b /a%26b /a%27b /a%28b%29 /a%2ab /a%3cb
/a%3eb /a%3fb /a%3Fb /a%5bb /a%5db /a%5eb /a%60b /a%7bb /a%7cb /a%7db /x%3by /x%3By /%3b /a/%3bx
/%80 /%ff /%FF /%fF /%c0%af /%c0%ae%c0%ae/a /%e2%82%ac /%f0%9f%98%80 /a/%c0%af../b""".split()

DOUBLE = """/a%252fb /a%252Fb /%252e /%252e%252e /a/%252e%252e/b /public/%252e%252e/admin
/public/%252e%252e%252fadmin /a%255cb /a%2500 /%2561 /%2561dmin /%25%36%31 /%25%32%65 /%25252e
/a%25252fb /%25 /%25/ /a%25zz""".split()

BROKEN = """/% /%2 /%a /a% /a%2 /a%/b /a%2/b /%zz /%2g /%g2 /%-1 /%+1 /%0x /a%u002e /%u0061 /a%%
/%%61 /a%2%65 /%%32%65 /%%2e /a%c /a/%e""".split()

PARAMETERS = (
    """/..; /..;/a /..;a/b /a/..; /a/..;/b /a/..;x=y/b /a/.;/b /.;/a /.; /a/.;x /a/%2e%2e;/b
/a/..%3b/b /a/..%3B/b /a/%2e%2e%3b/b /a/%2e;/b /a/.%3b/b /public/..;/admin /public/..;x/admin
/public/..%3b/admin /public/%2e%2e;/admin /admin;x /admin;/x /admin/;x /;/admin /;x/admin /a;..;/b
/a;/../b /a;x/../b /a/b;c/../d /public;/../admin /v1/chat;x/completions
/v1/chat/completions;x""".split()
)

QUERIES = """/a? /a?x /a?x=1 /a?x=1&y=2 /a?x=%2f /a?x=%00 /a?%zz /a?% /a?x=../.. /a?../../b /a?/../b
/a?// /a?\\ /a?x=\\ /a?x=a?b /a?? /?a /? /a/?x /a/../b?x /a/../b?c=../d /admin?x=/public
/public?/../admin /a?v=1 /a?v=2 /a?v=%31 /a?%76=1 /a?v=1&v=2 /a?v=2&v=1 /a?V=1 /a?v /a?v= /a?v=1;w=2
/a?w=2;v=1 /a?v=1#x /a#b /#a /a# /a?#""".split()

ABSOLUTE = (
    """http://HOST/a http://HOST/ http://HOST http://HOST?x http://HOST/a/../b http://HOST/%61
http://HOST//a HTTP://HOST/a hTTp://HOST/a https://HOST/a http://HOST/a?x http://HOST/a#b
http://other.example/a http://HOST:80/a http://HOST@evil/a http://u@HOST/a http://HOST%2f/a
http:///a http://HOST\\a http:/HOST/a http:HOST/a ftp://HOST/a ws://HOST/a //HOST/a HOST/a HOST a
../a ./a ?a ; *""".split()
)

RAW = ["/a b", "/a\tb", "/\x00", "/a\x01", "/a\x7f", "/caf\xe9", "/\xff", "/\xc3\xa9", "/a\x0bb"]

LONG = [
    "/" + "a" * 4000,
    "/" + "a" * 8191,
    "/" + "a" * 8192,
    "/a?" + "x" * 8189,
    "/a?" + "x" * 8190,
    "/a" * 256,
    "/a" * 257,
    "/a" * 300 + "/.." * 100,
    "/a" * 100 + "/.." * 101,
    "/." * 2000,
    "/" * 4000,
    "/" * 4000 + "a",
    "/%61" * 200,
    "/%61" * 257,
    "/a" * 255 + "/",
    "/a" * 256 + "/",
    "/%41" + "b%20" * 500,
]

SPELLINGS: list[str] = [
    spelling
    for group in (
        PLAIN,
        DOTS,
        SLASHES,
        ENCODED_DOTS,
        ENCODED_SEPARATORS,
        BACKSLASHES,
        ESCAPES,
        DOUBLE,
        BROKEN,
        PARAMETERS,
        QUERIES,
        ABSOLUTE,
        RAW,
        LONG,
    )
    for spelling in group
]

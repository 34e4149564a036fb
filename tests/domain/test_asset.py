"""One thing has one canonical name, and what a tool writes for "nothing" is never a name."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alertwhisperer.domain.asset import canonical, present, without_port


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("web-01", "web-01"),
        ("WEB-01.", "web-01"),
        ("web-01:9100", "web-01"),
        ("10.0.0.5:9100", "10.0.0.5"),
        ("https://Shop.Example.com/health?x=1", "shop.example.com"),
        ("https://user:secret@shop.example.com:8443/", "shop.example.com"),
        ("shop.example.com/health", "shop.example.com"),
        ("web-01:8080/health", "web-01"),
        ("[2001:db8::10]:9100", "2001:db8::10"),
        ("2001:0db8:0:0::10", "2001:db8::10"),
        ("https://[2001:db8::10]:443/", "2001:db8::10"),
        ("  web-01 ", "web-01"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
        ("Ko\u0308ln", "köln"),
        # a path is cut only behind a host
        ("app/my-balancer/50dc6c495c0c9188", "app/my-balancer/50dc6c495c0c9188"),
        ("shop/cart-7d9f", "shop/cart-7d9f"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("arn:aws:sns:eu-west-1:1234:alarms", "arn:aws:sns:eu-west-1:1234:alarms"),
        ("/subscriptions/abc/vm", "/subscriptions/abc/vm"),
        ("aa:bb:cc:dd:ee:ff", "aa:bb:cc:dd:ee:ff"),
        ("disk:99999", "disk:99999"),
    ],
)
def test_names_of_one_thing_are_equal(name: str, expected: str) -> None:
    assert canonical(name) == expected


@given(st.text() | st.from_regex(r"(https?://)?\[?[a-zA-Z0-9.:]{0,12}\]?(:[0-9]{1,5})?(/[a-z]*)?\.?", fullmatch=True))
@example("http://http://x")
@example("[a:1]:2")
def test_a_canonical_name_stays_as_it_is(name: str) -> None:
    once = canonical(name)
    assert canonical(once) == once
    assert once or not name.strip()


@pytest.mark.parametrize(
    "value",
    [
        *("", "  ", "null", "NULL", "None", "n/a", "unknown", "*UNKNOWN*", "-", "{HOST.NAME}", "{$MACRO}", "$HOSTNAME"),
        *("$HOSTNAME$", "%device", "%COMPUTERNAME%", "*monitorURL*", "${N=5}", "{{ host }}", "[device_hostname]"),
        *('{$MACRO:"x"}', "$TAGS[env]", "{HOST.NAME1}", "<no value>", None, True, [], {}),
    ],
)
def test_the_ways_to_say_nothing_are_absent(value: object) -> None:
    assert present(value) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (" web-01 ", "web-01"),
        ("unknown-host", "unknown-host"),
        ("$5 off", "$5 off"),
        ("{not a macro}", "{not a macro}"),
        ("[2001:db8::1]", "[2001:db8::1]"),
        ("*.example.com", "*.example.com"),
        (17, "17"),
        (0, "0"),
    ],
)
def test_everything_else_is_there(value: object, text: str) -> None:
    assert present(value) == text


def test_only_a_port_is_taken_off() -> None:
    assert without_port("web-01:9100") == "web-01"
    assert without_port("[2001:db8::10]:9100") == "2001:db8::10"
    assert without_port("2001:db8::10") == "2001:db8::10"
    assert without_port("https://shop.example.com/health") == "https://shop.example.com/health"
    assert without_port(":80") == ":80"

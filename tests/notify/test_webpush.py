"""Messages of web push: the RFC's own example, byte by byte; whatever is said is read again by the browser alone."""

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.push import Address
from alertwhisperer.notify.webpush import check, encrypt
from tests.vendors.push_service import Browser, plain

CURVE = ec.SECP256R1()
ENDPOINT = "https://push.example.net/x"
BROWSER, OTHER = Browser(), Browser()


def address_of(browser: Browser) -> Address:
    return Address(ENDPOINT, browser.point, browser.auth)


def private(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(plain(text), "big"), CURVE)


def test_the_example_of_rfc_8291() -> None:
    """Section 5 and appendix A."""
    address = Address(
        "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
        plain("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
        plain("BTBZMqHH6r4Tts7J_aSIgg"),
    )
    found = encrypt(
        address,
        b"When I grow up, I want to be a watermelon",
        salt=plain("DGv6ra1nlYgDCS1FRnbzlw"),
        sender=private("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
    )
    assert found == plain(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
        "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@given(st.binary(max_size=3_000))
def test_what_is_said_is_read_by_the_browser_alone(text: bytes) -> None:
    sealed = encrypt(address_of(BROWSER), text)
    assert BROWSER.read(sealed) == text
    with pytest.raises(InvalidTag):
        OTHER.read(sealed)
    assert sealed != encrypt(address_of(BROWSER), text)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example.net/x",
        "https://user@push.example.net/x",
        "https://push.example.net:8443/x",
        "https://push.example.net:x/",
        "https:///x",
        "https://push.example.net/ x",
        "https://push.example.net/ü",
        "ftp://push.example.net/",
        "push.example.net",
        "https://[/",
        "https://push.example.net/" + "x" * 2_000,
    ],
)
def test_what_is_no_address_of_a_push_service_is_refused(endpoint: str) -> None:
    with pytest.raises(Invalid, match="push service"):
        check(Address(endpoint, BROWSER.point, BROWSER.auth))


@pytest.mark.parametrize(
    "point", [b"", BROWSER.point[:-1], b"\x04" + bytes(64), b"\x02" + BROWSER.point[1:33], b"\x00" * 65]
)
def test_what_is_no_key_is_refused(point: bytes) -> None:
    with pytest.raises(Invalid, match=r"P-256"):
        check(Address(ENDPOINT, point, BROWSER.auth))


def test_a_secret_of_another_length_is_refused() -> None:
    with pytest.raises(Invalid, match="16"):
        check(Address(ENDPOINT, BROWSER.point, b"short"))


def test_an_address_that_is_of_use_has_a_host() -> None:
    assert check(address_of(BROWSER)) == "push.example.net"

"""One's own page: a device is told of incidents by web push, through the console's own service worker; installable."""

import json

from playwright.sync_api import Page, expect

from alertwhisperer.domain.user import Role
from tests.console.conftest import Open, Scene

# What a push service answers to a browser: a headless one reaches none. The keys are a real pair's, made here.
_SUBSCRIBE = """(() => {
  const made = {endpoint: 'https://push.example.net/wpush/' + crypto.randomUUID(), held: null};
  const text = bytes => btoa(String.fromCharCode(...bytes)).replace(/[+]/g, '-').replace(/[/]/g, '_').replace(/=/g, '');
  PushManager.prototype.subscribe = async options => {
    if (options.applicationServerKey.length !== 65) throw new Error('no key of P-256');
    const pair = await crypto.subtle.generateKey({name: 'ECDH', namedCurve: 'P-256'}, false, ['deriveBits']);
    const p256dh = text(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)));
    const auth = text(crypto.getRandomValues(new Uint8Array(16)));
    const unsubscribe = async () => { made.held = null; };
    made.held = {toJSON: () => ({endpoint: made.endpoint, keys: {p256dh, auth}}), unsubscribe};
    return made.held;
  };
  PushManager.prototype.getSubscription = async () => made.held;
})()"""


def _devices(page: Page, scene: Scene) -> list[dict[str, object]]:
    items: list[dict[str, object]] = page.request.get(f"{scene.server.url}/api/push/subscriptions").json()["items"]
    return items


def test_a_device_is_switched_on_changed_and_off(scene: Scene, enter: Open) -> None:
    page = enter(Role.TECHNICIAN, "/board").page
    page.context.grant_permissions(["notifications"])
    page.context.add_init_script(_SUBSCRIBE)
    page.goto(f"{scene.server.url}/me")
    page.get_by_role("checkbox", name="High ones as well").uncheck()
    page.get_by_label("You call it").fill("Phone of Kim")
    page.get_by_role("switch", name="Be told on this device").click()
    expect(page.get_by_text("This device tells you")).to_be_visible()
    [device] = _devices(page, scene)
    assert (device["device"], device["severities"], device["with_text"]) == ("Phone of Kim", ["critical"], False)
    page.get_by_role("checkbox", name="With the incident's title").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    [device] = _devices(page, scene)
    assert device["with_text"] is True
    page.get_by_role("switch", name="This device tells you").click()
    expect(page.get_by_text("Be told on this device")).to_be_visible()
    assert _devices(page, scene) == []


def test_who_refused_notices_is_told_what_to_do(scene: Scene, enter: Open) -> None:
    page = enter(Role.TECHNICIAN, "/board").page
    page.context.add_init_script("Object.defineProperty(Notification, 'permission', {get: () => 'denied'})")
    page.goto(f"{scene.server.url}/me")
    expect(page.get_by_text("You once refused notices from here.")).to_be_visible()
    expect(page.get_by_text("Be told on this device")).to_have_count(0)


def test_a_reader_is_not_called(scene: Scene, enter: Open) -> None:
    page = enter(Role.READER, "/me").page
    expect(page.get_by_role("region", name="You")).to_be_visible()
    expect(page.get_by_role("region", name="Told of incidents")).to_have_count(0)


def test_what_is_pushed_is_shown_and_nothing_of_it_is_kept(scene: Scene, enter: Open) -> None:
    page = enter(Role.TECHNICIAN, "/me").page
    page.context.grant_permissions(["notifications"])
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    browser = page.context.new_cdp_session(page)
    found: list[str] = []
    browser.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: found.extend(one["registrationId"] for one in told["registrations"]),
    )
    browser.send("ServiceWorker.enable")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    said = {"title": "Critical: incident 7, Acme", "body": "Nobody took it yet", "url": "/incidents/7"}
    browser.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": scene.server.url, "registrationId": found[0], "data": json.dumps(said)},
    )
    shown = page.wait_for_function(
        """async () => {
          const [one] = await (await navigator.serviceWorker.ready).getNotifications();
          return one && {title: one.title, body: one.body, url: one.data.url};
        }"""
    )
    assert shown.json_value() == said
    assert page.evaluate("caches.keys()") == []


def test_the_console_can_be_installed(scene: Scene, enter: Open) -> None:
    page = enter(Role.TECHNICIAN, "/incidents").page
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    browser = page.context.new_cdp_session(page)
    manifest = browser.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["url"] == f"{scene.server.url}/manifest.webmanifest"
    # An incognito window, as each test's is, can install nothing; everything else must be in order.
    wrong = {one["errorId"] for one in browser.send("Page.getInstallabilityErrors")["installabilityErrors"]}
    assert wrong <= {"in-incognito"}
    for icon in json.loads(manifest["data"])["icons"]:
        assert page.request.get(scene.server.url + icon["src"]).ok


def test_on_a_phone_all_pages_are_two_taps_away(scene: Scene, enter: Open) -> None:
    page = enter(Role.TECHNICIAN, "/incidents", has_touch=True, is_mobile=True).page
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("link", name="More").tap()
    page.get_by_role("navigation", name="All pages").get_by_role("link", name="Hand-over").tap()
    page.wait_for_url("**/shift")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

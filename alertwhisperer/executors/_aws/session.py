"""
A session in a client's account: the client's role, assumed with the company's external ID and named by the run.

Our own identity comes the way AWS's tools take it (environment, profile, role of the machine), never from the database;
nothing long-lived of a client is kept.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError

from alertwhisperer.kit.clock import Clock

T = TypeVar("T")

ROLE = r"arn:(?P<partition>aws|aws-cn|aws-us-gov):iam::(?P<account>[0-9]{12}):role/[A-Za-z0-9+=,.@_/-]{1,512}"
SESSION_S = 3_600
_RENEW_S = 2_700
_TRIES = 6
_FIRST_PAUSE_S = 0.5

# One try each: what may be repeated is repeated by us, who know which call may have had an effect.
_BOUNDS = Config(
    connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 1}, max_pool_connections=4
)
_THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "TooManyUpdates",
        "SlowDown",
    }
)
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


class Refused(Exception):
    """
    AWS said no, for certain and with no effect.

    Attributes:
        code: AWS's name of it.
    """

    def __init__(self, code: str, said: str) -> None:
        super().__init__(f"AWS answered {code}: {said}" if said else f"AWS answered {code}")
        self.code = code

    @property
    def is_denied(self) -> bool:
        """Whether a right is missing."""
        return self.code in _DENIED


class Throttled(Refused):
    """Asked too often: nothing happened, and it may be asked again later."""


class Unanswered(Exception):
    """No answer, or one of an outage: a call that has an effect may have had it."""


class Account:
    """
    Clients in a client's account, under a session that is made anew before it ends.

    Args:
        session_name: what CloudTrail shows: the run's.
        external_id: None to ask without one, which must fail.
    """

    def __init__(self, clock: Clock, *, role_arn: str, external_id: str | None, region: str, session_name: str) -> None:
        self.region = region
        self.role_arn = role_arn
        self._clock = clock
        self._external_id = external_id
        self._session_name = session_name
        self._session: boto3.Session | None = None
        self._clients: dict[str, Any] = {}  # of the session; making one costs more than a call
        self._made = 0.0

    @property
    def partition(self) -> str:
        """`aws`, or that of China or of the government."""
        found = re.fullmatch(ROLE, self.role_arn)
        return found["partition"] if found else "aws"

    async def enter(self) -> None:
        """Assume the role; raises `Refused`, `Unanswered`."""
        self._session = await self._patiently(self._assume)
        self._clients = {}
        self._made = self._clock.monotonic()

    async def ask(self, service: str, method: str, **given: Any) -> Mapping[str, Any]:
        """
        A call that changes nothing, or whose repetition changes nothing; repeated through throttling and outages.

        Raises:
            Refused: no.
            Unanswered: not within half a minute.
        """
        return await self._patiently(lambda: self._call(service, method, given))

    async def do(self, service: str, method: str, **given: Any) -> Mapping[str, Any]:
        """
        A call that has an effect: repeated only where AWS said that it had none.

        Raises:
            Refused: no, and nothing happened.
            Unanswered: it may have happened.
        """
        return await self._patiently(lambda: self._call(service, method, given), once=True)

    async def _patiently(self, work: Callable[[], T], *, once: bool = False) -> T:
        pause = _FIRST_PAUSE_S
        for left in range(_TRIES, 0, -1):
            try:
                if self._session is not None and self._clock.monotonic() - self._made > _RENEW_S:
                    self._session = None
                    await self.enter()
                return await asyncio.to_thread(work)
            except Throttled:
                if left == 1:
                    raise
            except Unanswered:
                if once or left == 1:
                    raise
            except Refused as failure:
                if failure.code not in _EXPIRED or left == 1 or self._session is None:
                    raise
                self._session = None
                await self.enter()
            await self._clock.sleep(pause)
            pause *= 2
        raise AssertionError("the last try returns or raises")

    def _assume(self) -> boto3.Session:
        more = {} if self._external_id is None else {"ExternalId": self._external_id}
        with _told():
            own = boto3.Session(region_name=self.region)
            answer = own.client("sts", config=_BOUNDS).assume_role(
                RoleArn=self.role_arn, RoleSessionName=self._session_name, DurationSeconds=SESSION_S, **more
            )
            given = answer["Credentials"]
            return boto3.Session(
                aws_access_key_id=given["AccessKeyId"],
                aws_secret_access_key=given["SecretAccessKey"],
                aws_session_token=given["SessionToken"],
                region_name=self.region,
            )

    def _call(self, service: str, method: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        assert self._session is not None  # noqa: S101  # `enter` comes first
        with _told():
            if service not in self._clients:
                made: Any = self._session.client(service, config=_BOUNDS)  # type: ignore[call-overload]  # any service
                self._clients[service] = made
            client = self._clients[service]
            answer: Mapping[str, Any] = getattr(client, method)(**given)
            if "Body" in answer:
                return {**answer, "Body": answer["Body"].read()}
            return answer


async def who_we_are(clock: Clock, region: str) -> str:
    """Our own ARN, as AWS knows us; raises `Refused`, `Unanswered`."""

    def ask() -> str:
        with _told():
            return str(boto3.Session(region_name=region).client("sts", config=_BOUNDS).get_caller_identity()["Arn"])

    return await asyncio.to_thread(ask)


@contextmanager
def _told() -> Iterator[None]:
    """Failures of AWS's library by what they mean for whoever called."""
    try:
        yield
    except ClientError as failure:
        error: Any = failure.response.get("Error", {})
        code, said = str(error.get("Code", "")), str(error.get("Message", ""))[:300]
        status = failure.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _THROTTLED or status == 429:
            raise Throttled(code, said) from failure
        if status >= 500:
            raise Unanswered(f"AWS answered {status} {code}") from failure
        raise Refused(code, said) from failure
    except NoCredentialsError as failure:
        raise Refused("NoCredentials", "this server has no identity of its own at AWS: give it a role") from failure
    except ParamValidationError as failure:
        raise Refused("ParamValidation", str(failure)[:300]) from failure
    except (BotoCoreError, OSError) as failure:
        raise Unanswered(f"AWS did not answer: {type(failure).__name__}") from failure

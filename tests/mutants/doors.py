"""The guards at the doors: who gets in, and to whom one shows who one is."""

from tests.mutants.mutation import Mutation

_ACCESS = "tests/infra/test_doors_access.py"
_TOKENS = "tests/infra/test_doors_tokens.py"
_KEYS = "tests/infra/test_doors_keys.py"
_RATES = "tests/infra/test_doors_rates.py"
_OPENING = "tests/infra/test_doors_opening.py"
_STREAMS = "tests/infra/test_doors_streams.py"
_TLS = "tests/infra/test_gateway_tls.py"
_KAFKA = "tests/streams/test_kafka_security.py"
_REDIS = "tests/infra/test_redis_security.py"

_ENTERING = "infra/doors/entering.py"
_READ = "infra/doors/tokens.py"
_RULES = "infra/doors/access.py"
_FILE = "infra/doors/key_file.py"
_KEY_RING = "infra/doors/keys.py"


def _door(guard: str, file: str, old: str, new: str, tests: str) -> Mutation:
    return Mutation(7, guard, file, old, new, tests)


DOORS: tuple[Mutation, ...] = (
    _door(
        "a person opens what is their own",
        _RULES,
        "(parameter == IN_BODY or path[parameter] == holder.subject)",
        "True",
        _ACCESS,
    ),
    _door(
        "a person sends events of their own only",
        "infra/gateway/endpoints/interactions.py",
        "    refuse_others(request, {one.user for one in accepted})\n",
        "",
        _ACCESS,
    ),
    _door(
        "what a rule does not allow is refused",
        _ENTERING,
        "if not rule.allows(holder, request.path_params):",
        "if False:",
        _ACCESS,
    ),
    _door("every route passes the door", "infra/gateway/app.py", "dependencies=[Depends(enter)],", "", _ACCESS),
    _door(
        "a route without a rule does not start",
        "infra/gateway/server.py",
        "        refuse_without_rule(app)\n",
        "",
        _ACCESS,
    ),
    _door(
        "nor is it let through",
        _ENTERING,
        'raise _without_rule(request.method, request.scope["route"].path)',
        "yield; return",
        _ACCESS,
    ),
    _door(
        "a route that passes no door is open or none",
        _ENTERING,
        "rule.is_open or (asked and",
        "rule.is_open or (",
        _ACCESS,
    ),
    _door("of two tokens none is taken", _ENTERING, "if len(given) == 1 else", "if given else", _ACCESS),
    _door(
        "metrics are the operator's", _ENTERING, "(rule is METRICS and self.metrics_open)", "rule is METRICS", _ACCESS
    ),
    _door("a token has its time", _READ, "expires <= now:", "False:", _TOKENS),
    _door("a token is for this service", _READ, "            audience=AUDIENCE,\n", "", _TOKENS),
    _door(
        "a token does not choose its signature",
        _READ,
        "algorithms=[ALGORITHM],",
        'algorithms=["HS256", "HS512"],',
        _TOKENS,
    ),
    _door("a token is of a bounded length", _READ, "if len(token) > MAX_TOKEN_CHARS:", "if False:", _TOKENS),
    _door(
        "a key that was replaced has its time",
        _KEY_RING,
        "key.kid == kid and key.holds_at(now)",
        "key.kid == kid",
        _KEYS,
    ),
    _door(
        "a rotation gives no older key more time",
        _KEY_RING,
        "until=min(end, math.inf if key.until is None else key.until)",
        "until=end",
        _KEYS,
    ),
    _door(
        "a key that can be guessed is none",
        _KEY_RING,
        "any(len(secret) < MIN_KEY_BYTES for secret in secrets)",
        "False",
        _KEYS,
    ),
    _door("only their owner reads the keys", _FILE, "if path.stat().st_mode & 0o077:", "if False:", _KEYS),
    _door("two that rotate lose no key", _FILE, "        fcntl.flock(lock, fcntl.LOCK_EX)\n", "", _KEYS),
    _door(
        "a rotation is taken up at once",
        _FILE,
        "if self._ring is None or seen != self._seen:",
        "if self._ring is None:",
        _KEYS,
    ),
    _door("nobody asks too often", _ENTERING, "(wait := self.rates.wait(holder, now)) > 0", "False", _RATES),
    _door("a batch counts as what is in it", _ENTERING, "(entries - 1) // ENTRIES", "0", _RATES),
    _door("nobody has everything in hand", _ENTERING, "        if not fits:\n", "        if False:\n", _RATES),
    _door(
        "nor every file",
        "infra/gateway/endpoints/history.py",
        "        if not fits:\n",
        "        if False:\n",
        _RATES,
    ),
    _door(
        "who asks is remembered within bounds",
        "infra/doors/rates.py",
        "if len(self._full_at) > self.holders:",
        "if False:",
        _RATES,
    ),
    _door(
        "nothing is open to others without keys",
        "infra/doors/opening.py",
        "if not is_loopback(settings.http_host):",
        "if False:",
        _OPENING,
    ),
    _door(
        "tokens can be required", "infra/doors/opening.py", 'if settings.tokens == "required":', "if False:", _OPENING
    ),
    _door(
        "open to this machine is open to its names",
        _ENTERING,
        "if doors.only_local and not _is_local(request):",
        "if False:",
        _OPENING,
    ),
    _door(
        "a name that cannot be read is another's",
        "infra/doors/loopback.py",
        "found is not None and",
        "found is None or",
        _OPENING,
    ),
    _door("and to its own page only", _ENTERING, "return own and bool(hosts)", "return bool(hosts)", _OPENING),
    _door(
        "the page offers nobody whose profile stays closed",
        "infra/gateway/endpoints/page.py",
        "if holder is None or holder.role is Role.OPERATOR:",
        "if True:",
        _ACCESS,
    ),
    _door(
        "what follows a user and is no address is none",
        "infra/gateway/problems.py",
        "    if _is_nothing(request, error):\n        error = HTTPException(404)\n",
        "",
        "tests/infra/test_gateway_errors.py",
    ),
    _door(
        "a stream ends with its token",
        "infra/gateway/endpoints/events.py",
        " and held()",
        "",
        _STREAMS,
    ),
    _door("nor than it is called back", _READ, "holder.token not in ring.revoked and", "", _STREAMS),
    _door("nor than its key is in force", _READ, " and ring.accepted(holder.key, now) is not None", "", _STREAMS),
    _door("a token that was called back is refused", _READ, "if name in ring.revoked:", "if False:", _TOKENS),
    _door(
        "a rotation forgets none that was called back",
        _KEY_RING,
        "holds_at(now))), revoked)",
        "holds_at(now))))",
        _KEYS,
    ),
    _door(
        "those that expired leave the list",
        _KEY_RING,
        "for one, end in self.revoked.items() if end > now}",
        "for one, end in self.revoked.items()}",
        _KEYS,
    ),
    _door("the list has an end", _KEY_RING, "if len(revoked) > MAX_REVOKED:", "if False:", _KEYS),
    _door("the client knows the gateway", "client/attune_client/asking.py", "verify=trust", "verify=False", _TLS),
    _door("a gateway knows its provider", "infra/provider_client.py", "verify=trust", "verify=False", _TLS),
    _door(
        "a port with a certificate speaks TLS only",
        "infra/gateway/server.py",
        "None if tls is None else",
        "None if True else",
        _TLS,
    ),
    _door(
        "a wrong certificate is said before anything is opened",
        "infra/doors/opening.py",
        "replace(LOCAL_DOORS, tls=settings.http_tls)",
        "LOCAL_DOORS",
        _TLS,
    ),
    _door(
        "the dead-letters are asked for with the token",
        "infra/cli/dead_letters.py",
        "headers=shown, ",
        "",
        "tests/infra/test_cli_tokens.py",
    ),
    _door(
        "Redis is the one that its certificate is for",
        "infra/stores/redis_security.py",
        '"ssl_check_hostname": True',
        '"ssl_check_hostname": False',
        _REDIS,
    ),
    _door(
        "Redis is the one that the CA has signed",
        "infra/stores/redis_security.py",
        '"ssl_cert_reqs": "required", "ssl_check_hostname": True',
        '"ssl_cert_reqs": "none", "ssl_check_hostname": False',
        _REDIS,
    ),
    _door(
        "Faust shows who it is",
        "streams/faust_app.py",
        "        broker_credentials=_credentials(security),\n",
        "",
        _KAFKA,
    ),
    _door(
        "a broker that refuses us is not waited for",
        "streams/kafka_connecting.py",
        "await within(min(_LOOK, deadline.remaining()), _say_why(bootstrap, security))",
        "pass",
        _KAFKA,
    ),
)

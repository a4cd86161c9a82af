"""Behaviours: the special answers of real operators, on the lists of the catalogue."""

from tests.support.hostile import Row, catalogued, key_first, keyed
from tests.support.plays import clear, codes, listed, say

SPECIAL = "4, special answers"
SCALE = "4: a reputation scale; the answer is normal"
ALLOW_LOST = "4: over-limit resolvers were given 'high trust' for everyone"
EXCEPTION = "4, the 127.0.0.1 exception: here it is a documented answer"
REFUSAL, REFUSED = "unknown refusal-code", "unknown refused"

ZEN, DBL, ZRD = catalogued("spamhaus-zen"), catalogued("spamhaus-dbl"), keyed(catalogued("spamhaus-zrd"))
DQS_ZEN = keyed(ZEN)
URIBL, SURBL = catalogued("uribl-multi"), catalogued("surbl-multi")
DNSWL, SPFBL, KARMA = catalogued("dnswl"), catalogued("spfbl"), catalogued("hostkarma")
RPBL, SCORE = catalogued("validity-rpbl"), catalogued("validity-score")
CERTIFIED, SAFE = catalogued("validity-certified"), catalogued("validity-safe")
BARRACUDA, ABUSIX = catalogued("barracuda-brbl"), keyed(catalogued("abusix-combined"))
SPAMRATS = catalogued("spamrats-all")
SPIKE = catalogued("mailspike-rep")
SPAMCOP, SEM, SUOMI = catalogued("spamcop"), catalogued("sem-black"), catalogued("suomispam-bl")
EFNET, HTTPBL = catalogued("efnetrbl"), key_first(catalogued("httpbl"))

ROWS = (
    # Without its key, a list that needs one is not even asked.
    Row("no-key", listed, "unknown no-key", "1: key placement", state="refusing", like=catalogued("httpbl")),
    # Spamhaus.
    *(Row(f"zen-{last}", codes(f"127.255.255.{last}"), REFUSAL, SPECIAL, like=ZEN) for last in (252, 254, 255)),
    *(Row(f"dqs-{last}", codes(f"127.255.255.{last}"), REFUSAL, SPECIAL, like=DQS_ZEN) for last in (250, 251)),
    Row("zen-254-all", codes("127.255.255.254"), REFUSAL, SPECIAL, everywhere=True, state="refusing", like=ZEN),
    Row("dqs-off", say("REFUSED"), REFUSED, SPECIAL, everywhere=True, state="refusing", like=DQS_ZEN),
    Row("dqs-off-resolved", say("SERVFAIL"), "unknown servfail", SPECIAL, True, "unreachable", DQS_ZEN),
    Row(
        "zen-several",
        codes("127.0.0.4", "127.0.0.2", "127.0.0.11"),
        "listed 127.0.0.2 127.0.0.4 127.0.0.11",
        "1",
        like=ZEN,
    ),
    Row("zen-unheard-of", codes("127.0.0.99"), "listed 127.0.0.99", "4: unknown code, alarm low", like=ZEN),
    Row("dbl-asked-an-address", codes("127.0.1.255"), REFUSAL, SPECIAL, like=DBL, code="127.0.1.2"),
    Row("dbl-listed", codes("127.0.1.4"), "listed 127.0.1.4", SPECIAL, like=DBL, code="127.0.1.2"),
    Row("zrd-asked-an-address", codes("127.0.2.255"), REFUSAL, SPECIAL, like=ZRD, code="127.0.2.2"),
    # Bit masks with a refusing bit.
    Row("uribl-1", codes("127.0.0.1"), REFUSAL, SPECIAL, like=URIBL, code="127.0.0.14"),
    Row("uribl-255", codes("127.0.0.255"), REFUSAL, SPECIAL, like=URIBL, code="127.0.0.14"),
    Row("uribl-1-all", codes("127.0.0.1"), REFUSAL, SPECIAL, everywhere=True, state="refusing", like=URIBL),
    Row("uribl-black", codes("127.0.0.2"), "listed 127.0.0.2", "1: a bit mask", like=URIBL, code="127.0.0.14"),
    Row("surbl-1", codes("127.0.0.1"), REFUSAL, SPECIAL, like=SURBL, code="127.0.0.254"),
    Row("surbl-two-bits", codes("127.0.0.24"), "listed 127.0.0.24", "1: a bit mask", like=SURBL, code="127.0.0.254"),
    # Good words.
    Row("dnswl-255", codes("127.0.0.255"), REFUSAL, SPECIAL, like=DNSWL, code="127.0.5.1"),
    Row("dnswl-over-limit", codes("127.0.10.3"), REFUSAL, ALLOW_LOST, like=DNSWL, code="127.0.5.1"),
    Row("dnswl-over-limit-all", codes("127.0.10.3"), REFUSAL, ALLOW_LOST, True, "refusing", DNSWL),
    Row("dnswl-trusted", codes("127.0.9.2"), "clear 127.0.9.2", "interface: kept, and no listing", like=DNSWL),
    Row("dnswl-trusts-all", codes("127.0.5.3"), "unknown unsound", ALLOW_LOST, True, "unsound", DNSWL),
    *(
        Row(f"validity-{name}", codes("127.255.255.255"), REFUSAL, SPECIAL, True, "refusing", blocklist)
        for name, blocklist in (("rpbl", RPBL), ("score", SCORE), ("certified", CERTIFIED), ("safe", SAFE))
    ),
    # Silence and refusals of the protocol's own.
    Row(
        "barracuda-nxdomain",
        clear,
        "unknown unsound",
        SPECIAL + ": only the test point shows it",
        True,
        "unsound",
        BARRACUDA,
    ),
    Row("barracuda-nodata", say("NOERROR"), "unknown unsound", SPECIAL, True, "unsound", BARRACUDA),
    Row("abusix-refused", say("REFUSED"), REFUSED, SPECIAL, everywhere=True, state="refusing", like=ABUSIX),
    *(
        Row(f"spamrats-{last}", codes(f"127.0.0.{last}"), REFUSAL, SPECIAL, like=SPAMRATS, code="127.0.0.36")
        for last in (1, 35, 39, 255)
    ),
    *(
        Row(
            f"spamrats-{last}",
            codes(f"127.0.0.{last}"),
            f"listed 127.0.0.{last}",
            SPECIAL,
            like=SPAMRATS,
            code="127.0.0.36",
        )
        for last in (36, 37, 38, 43)
    ),
    Row("spfbl-over-limit", say("REFUSED"), REFUSED, SPECIAL, like=SPFBL),
    Row("spfbl-bad-query", say("FORMERR"), "unknown malformed", SPECIAL, like=SPFBL),
    Row(
        "spfbl-suspicious",
        codes("127.0.0.3"),
        "listed 127.0.0.3",
        "interface: info codes are listed, informational",
        like=SPFBL,
    ),
    Row("spfbl-no-mail-server", codes("127.0.0.4"), "listed 127.0.0.4", "interface: info codes", like=SPFBL),
    Row("spamcop-refusal", codes("127.255.255.254"), REFUSAL, SPECIAL, like=SPAMCOP),
    Row("sem-refusal", codes("127.255.255.255"), REFUSAL, SPECIAL, like=SEM),
    Row("suomispam-refusal", codes("127.255.255.252"), REFUSAL, SPECIAL, like=SUOMI, code="127.0.0.99"),
    # Reputation.
    Row("karma-white", codes("127.0.0.1"), "clear 127.0.0.1", EXCEPTION, like=KARMA),
    Row("karma-yellow", codes("127.0.0.3"), "clear 127.0.0.3", SPECIAL, like=KARMA),
    Row("karma-nobl", codes("127.0.0.5"), "clear 127.0.0.5", SPECIAL, like=KARMA),
    Row(
        "karma-black-and-yellow",
        codes("127.0.0.3", "127.0.0.2"),
        "listed 127.0.0.2",
        "4: the worst counts",
        like=KARMA,
    ),
    Row(
        "karma-white-and-refusal",
        codes("127.0.0.1", "127.255.255.254"),
        REFUSAL,
        "4: who was refused is not clear",
        like=KARMA,
    ),
    *(
        Row(
            f"spike-{last}",
            codes(f"127.0.0.{last}"),
            f"clear 127.0.0.{last}",
            SCALE,
            state="unverified",
            like=SPIKE,
        )
        for last in range(13, 21)
    ),
    Row("spike-worst", codes("127.0.0.10"), "listed 127.0.0.10", SCALE, state="unverified", like=SPIKE),
    Row("score-80", codes("127.0.4.80"), "clear 127.0.4.80", SCALE, state="unverified", like=SCORE),
    Row("score-75", codes("127.0.4.75"), "clear 127.0.4.75", SCALE, state="unverified", like=SCORE),
    Row("score-9", codes("127.0.4.9"), "listed 127.0.4.9", SCALE, state="unverified", like=SCORE),
    # Where 127.0.0.1 is an answer like others.
    Row("rpbl-bot", codes("127.0.0.1"), "listed 127.0.0.1", EXCEPTION, state="unverified", like=RPBL),
    Row("efnet-proxy", codes("127.0.0.1"), "listed 127.0.0.1", EXCEPTION, like=EFNET),
    # http:BL: days, threat and kind in one code.
    Row("httpbl-search-engine", codes("127.3.5.0"), "clear 127.3.5.0", SCALE, like=HTTPBL, code="127.1.1.1"),
    Row("httpbl-harvester", codes("127.3.5.2"), "listed 127.3.5.2", SCALE, like=HTTPBL, code="127.1.1.1"),
)

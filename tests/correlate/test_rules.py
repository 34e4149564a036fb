"""Which rule applies to an occurrence and which key it makes: the index gives what trying every rule would."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertwhisperer.correlate.rules import CompiledRules, compile_rules
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content
from alertwhisperer.domain.rule import DEFAULT_RULE, Rule, RuleSet, check
from alertwhisperer.domain.severity import Severity

COMPANY = b"a company's id.."
HIGH = Severity.HIGH


def rules(*given: Rule) -> CompiledRules:
    return compile_rules(COMPANY, RuleSet(1, given))


def rule(condition: str, name: str = "r", **parts: object) -> Rule:
    return Rule(id=name, name=name, condition=condition, **parts)  # type: ignore[arg-type]


def content(
    asset: str = "db-01", signature: str = "DiskFull", source: str = "zabbix", message: str = "m", **labels: str
) -> Content:
    return Content(asset, signature, message, source, labels)


def applies(condition: str, told: Content, severity: Severity = HIGH) -> bool:
    return rules(rule(condition)).match(told, severity).rule.id == "r"


# ------------------------------------------------------------------------------------------------ conditions


def test_without_rules_the_default_applies_by_asset_and_signature() -> None:
    matched = rules().match(content(), HIGH)
    assert matched.rule == DEFAULT_RULE
    assert matched.text == "db-01|DiskFull"


def test_the_first_rule_that_holds_applies() -> None:
    compiled = rules(rule('source == "a"', "one"), rule("true", "two"), rule('source == "b"', "three"))
    assert compiled.match(content(source="a"), HIGH).rule.id == "one"
    assert compiled.match(content(source="b"), HIGH).rule.id == "two"


def test_a_condition_sees_every_field() -> None:
    told = content(cluster="eu")
    for condition in (
        'asset == "db-01"',
        'signature.startsWith("Disk")',
        'severity == "high"',
        'source in ["zabbix", "datadog"]',
        'message == "m"',
        'labels.cluster == "eu"',
        'labels["cluster"].matches("^e")',
        'labels.exists(name, name == "cluster")',
    ):
        assert applies(condition, told), condition


def test_a_label_that_is_not_there_makes_a_condition_false() -> None:
    assert not applies('labels.cluster == "eu"', content())
    assert not applies('labels.cluster != "eu"', content())
    assert applies('!has(labels.cluster) || labels.cluster == "eu"', content())


def test_what_fails_on_one_occurrence_only_does_not_hold_for_it() -> None:
    assert applies("int(labels.count) > 3", content(count="4"))
    assert not applies("int(labels.count) > 3", content(count="many"))


@pytest.mark.parametrize(
    ("condition", "what"),
    [
        ("asset ==", "not CEL"),
        ("asset = 'x'", "not CEL"),
        ("1 + 1", "true or false"),
        ("asset", "true or false"),
        ('host == "db-01"', "fails"),
        ('monkey == "banana"', "fails"),
        ("int(message) > 3", "fails"),
        ("asset > 3", "fails"),
        ("labels.all(a, labels.all(b, labels.all(c, a == b)))", "loops"),
    ],
)
def test_a_bad_condition_is_refused_and_says_which(condition: str, what: str) -> None:
    with pytest.raises(Invalid, match=what) as refused:
        rules(rule("true", "good"), rule(condition, "bad"))
    assert refused.value.where == "rules[1].condition"
    assert refused.value.mend


def test_rules_that_cannot_stand_beside_each_other_are_refused() -> None:
    with pytest.raises(Invalid, match="two rules"):
        check((rule("true"), rule("false")))
    with pytest.raises(Invalid, match="the last"):
        check((DEFAULT_RULE, rule("true")))
    with pytest.raises(Invalid, match="grouping field"):
        rule("true", group_by=("message",))


# ------------------------------------------------------------------------------------------------ keys


def test_a_key_compares_assets_by_their_canonical_names() -> None:
    compiled = rules()
    keys = {
        compiled.match(content(asset=asset), HIGH).key for asset in ("db-01", "DB-01", "db-01:9100", "https://db-01/x")
    }
    assert len(keys) == 1


def test_a_key_belongs_to_one_company_and_one_rule() -> None:
    told = content()
    keys = {
        compile_rules(company, RuleSet(1, (rule("true", name),))).match(told, HIGH).key
        for company in (COMPANY, b"another company.")
        for name in ("one", "two")
    }
    assert len(keys) == 4


def test_a_key_survives_a_new_version_of_the_rules() -> None:
    told = content()
    old = compile_rules(COMPANY, RuleSet(1, (rule("true"),))).match(told, HIGH)
    new = compile_rules(COMPANY, RuleSet(2, (rule('source == "zabbix"', window_s=60),))).match(told, HIGH)
    assert old.key == new.key


def test_a_rule_may_group_by_labels_severity_and_source() -> None:
    compiled = rules(rule("true", group_by=("labels.cluster", "severity", "source")))
    assert compiled.match(content(cluster="eu"), HIGH).text == "eu|high|zabbix"
    assert compiled.match(content(), Severity.LOW).text == "|low|zabbix"


def test_a_rule_for_each_tool_keeps_tools_apart() -> None:
    compiled = rules(rule("true", group_by=("asset",), cross_tool=False))
    one, other = (compiled.match(content(source=source), HIGH) for source in ("a", "b"))
    assert one.key != other.key


@given(st.lists(st.text(max_size=4), min_size=2, max_size=2), st.lists(st.text(max_size=4), min_size=2, max_size=2))
def test_different_values_never_make_one_key(one: list[str], other: list[str]) -> None:
    """`ab|c` and `a|bc` are different, whatever the values hold."""
    compiled = rules(rule("true", group_by=("labels.a", "labels.b")))
    keys = [compiled.match(content(a=a, b=b), HIGH).key for a, b in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)


# ------------------------------------------------------------------------------------------------ the index

_FIELD = st.sampled_from(["asset", "signature", "source", "severity", "message"])
_VALUE = st.sampled_from(["a", "b", "high", "low", 'a && source == "b" && c'])
_EQUAL = st.builds(lambda field, value: f"{field} == {quoted(value)}", _FIELD, _VALUE)
_OTHER = st.sampled_from(
    ["true", "false", 'labels.k == "v"', 'asset.startsWith("a")', 'signature != "a"', 'message.contains(")")']
)


def quoted(value: str) -> str:
    """A CEL text in one of the ways that people write it."""
    return f"'{value}'" if '"' in value else f'"{value}"'


_CONDITION = st.one_of(
    st.just(""),
    st.recursive(
        _EQUAL | _OTHER,
        lambda inner: st.one_of(
            st.builds("{} && {}".format, inner, inner),
            st.builds("({} && {})".format, inner, inner),
            st.builds("!({} && {} && {})".format, inner, inner, inner),
            st.builds("({} || {})".format, inner, inner),
            st.builds("({} ? {} : {})".format, inner, inner, inner),
            st.builds("[{}][0]".format, inner),
        ),
        max_leaves=6,
    ),
)
_CONTENT = st.builds(
    Content,
    asset=st.sampled_from(["a", "b", "ab"]),
    signature=st.sampled_from(["a", "b"]),
    message=_VALUE,
    source=st.sampled_from(["a", "b"]),
    labels=st.sampled_from([{}, {"k": "v"}, {"k": "w"}]),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(_CONDITION, max_size=6),
    st.lists(st.tuples(_CONTENT, st.sampled_from(list(Severity))), min_size=1, max_size=8),
)
def test_the_index_finds_the_rule_that_trying_all_in_order_finds(
    conditions: list[str], told: list[tuple[Content, Severity]]
) -> None:
    named = [rule(condition, f"r{place}") for place, condition in enumerate(conditions)]
    compiled = rules(*named)
    for one, severity in told:
        assert compiled.match(one, severity).rule.id == tried_in_order(named, one, severity)


def tried_in_order(named: list[Rule], told: Content, severity: Severity) -> str:
    """Each rule alone, with nothing to index it by, until one holds."""
    for one in named:
        unindexed = Rule(id=one.id, name=one.name, condition=f"true && ({one.condition or 'true'})")
        if rules(unindexed).match(told, severity).rule.id == one.id:
            return one.id
    return DEFAULT_RULE.id


def test_a_text_that_looks_like_a_condition_is_no_index() -> None:
    told = content(source="datadog", message='x && source == "zabbix" && y')
    assert applies("message.contains('x && source == \"zabbix\" && y')", told)
    assert applies('!(asset == "db-01" && source == "zabbix" && severity == "high")', told)


# ------------------------------------------------------------------------------------------------ names of assets


def with_aliases(*given: Rule, **aliases: str) -> CompiledRules:
    return compile_rules(COMPANY, RuleSet(1, given, aliases))


def test_every_name_of_an_asset_makes_the_key_of_its_own() -> None:
    compiled = with_aliases(erp="db-01")
    own, other = compiled.match(content("DB-01"), HIGH), compiled.match(content("https://ERP:443/"), HIGH)
    assert (own.key, own.text, own.alias) == (other.key, "db-01|DiskFull", False)
    assert (other.text, other.alias) == ("db-01|DiskFull", True)
    assert own.key == rules().match(content("db-01"), HIGH).key


def test_only_the_asset_has_other_names() -> None:
    compiled = with_aliases(rule("", group_by=("signature", "labels.host", "asset")), erp="db-01")
    matched = compiled.match(content("x", signature="erp", host="erp"), HIGH)
    assert (matched.text, matched.alias) == ("erp|erp|x", False)
    without = with_aliases(rule("", group_by=("signature",)), erp="db-01").match(content("erp"), HIGH)
    assert (without.text, without.alias) == ("DiskFull", False)


def test_a_condition_sees_the_name_that_the_tool_used() -> None:
    compiled = with_aliases(rule('asset == "erp"'), erp="db-01")
    assert compiled.match(content("erp"), HIGH).rule.id == "r"
    assert compiled.match(content("db-01"), HIGH).rule == DEFAULT_RULE

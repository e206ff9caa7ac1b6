"""Of a query the campaign is kept, and what the site owner names."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.rules.url import CAMPAIGN, CLICK_IDS, UrlOptions
from tests.rules.url.hits import query_of, url_of

QUERIES: dict[str, tuple[str, str]] = {
    "nothing": ("", ""),
    "all of the campaign": (
        "&".join(f"{name}=a" for name in CAMPAIGN),
        "?" + "&".join(f"{name}=a" for name in CAMPAIGN),
    ),
    "click ids lose their values": (
        "&".join(f"{name}=secret" for name in CLICK_IDS),
        "?" + "&".join(f"{name}=1" for name in CLICK_IDS),
    ),
    "an empty click id": ("gclid=&fbclid", "?gclid=&fbclid"),
    "all else is dropped": ("page=2&utm_source=a&token=x&utm_id=7", "?utm_source=a"),
    "nothing is left": ("page=2&q=x", ""),
    "order and duplicates": ("ref=b&utm_term=t&ref=a", "?ref=b&utm_term=t&ref=a"),
    "empty values and bare names": ("utm_source=&ref", "?utm_source=&ref"),
    "vendors match the case": ("UTM_SOURCE=a&Ref=b&GCLID=c", ""),
    "an encoded name": ("utm%5Fsource=a", "?utm%5Fsource=a"),
    "the encoding of values": ("utm_source=a%20b+c%2bd%zz", "?utm_source=a%20b+c%2bd%zz"),
    "a semicolon parts a secret off": ("utm_source=a;token=b;c=d", "?utm_source=a;c=d"),
    "a token for a campaign": ("utm_content=n3Hq-9Zx_4TbK7vLw2RmPd&ref=a", "?ref=a"),
    "an account for a campaign": ("utm_term=DE89370400440532013000&ref=a", "?ref=a"),
    "an address in other letters": ("utm_term=jo@b%C3%BCcher.example&ref=a", "?ref=a"),
    "empty parameters": ("&&utm_source=a&&", "?utm_source=a"),
    "a second question mark": ("utm_source=a?b", "?utm_source=a?b"),
    "raw UTF-8 as WSGI and ASGI give it": ("utm_source=caf\xc3\xa9", "?utm_source=caf%C3%A9"),
    "text that was decoded before": ("utm_source=café", "?utm_source=caf%C3%A9"),
    "text beyond latin-1": ("utm_source=日", "?utm_source=%E6%97%A5"),
    "a lone surrogate": ("utm_source=\udce9", "?utm_source=%EF%BF%BD"),
    "what browsers encode": (
        "utm_source=\0 \"#'<>\x7f\n",
        "?utm_source=%00%20%22%23%27%3C%3E%7F%0A",
    ),
    "an address": ("utm_source=a&utm_content=jo@mail.example", "?utm_source=a"),
    "an encoded address": ("utm_content=jo%40mail.example&ref=a", "?ref=a"),
    "an address encoded twice": ("utm_content=jo%2540mail%252Eexample&ref=a", "?ref=a"),
    "an address with a plus": ("utm_content=jo%2Btag@mail.example&ref=a", "?ref=a"),
    "an address in a phrase": ("utm_content=from+jo@mail.example&ref=a", "?ref=a"),
    "an at sign": ("utm_source=news@10", "?utm_source=news@10"),
    "an at sign before a sentence": ("utm_source=@+work.+now", "?utm_source=@+work.+now"),
    "a long value": (
        "utm_term=" + "%C3%A9" * 250 + "&ref=a",
        "?utm_term=" + "%C3%A9" * 250 + "&ref=a",
    ),
    "a long value with a secret": (
        "utm_term=" + "word+" * 50 + "aB3dE5gH7jK9mN1pQ3sT5vW7&ref=a",
        "?ref=a",
    ),
    "a long value with an address": ("utm_term=" + "word+" * 50 + "a@b.example&ref=a", "?ref=a"),
}


@pytest.mark.parametrize(("query", "expected"), QUERIES.values(), ids=QUERIES.keys())
def test_of_the_query_the_campaign_is_kept(query: str, expected: str) -> None:
    assert query_of(query) == expected


KEPT: dict[str, tuple[Any, str, str]] = {
    "a listed name": ({"page"}, "page=2&q=x&ref=a", "?page=2&ref=a"),
    "a listed name has a case": (frozenset({"page"}), "Page=2", ""),
    "a list is as good as a set": (["page"], "page=2", "?page=2"),
    "a listed name that is a secret elsewhere": (
        frozenset({"code", "email"}),
        "code=A1&email=jo@mail.example",
        "?code=A1&email=jo@mail.example",
    ),
    "a listed click id": (frozenset({"gclid"}), "gclid=x&fbclid=y", "?gclid=x&fbclid=1"),
    "a listed campaign is checked all the same": (
        frozenset({"utm_term"}),
        "utm_term=jo@mail.example",
        "",
    ),
    "an author is no secret": (frozenset({"author"}), "author=jo", "?author=jo"),
    "all": ("*", "page=2&q=a+b&gclid=x&flag", "?page=2&q=a+b&gclid=1&flag"),
    "all but addresses without a name": ("*", "=jo@x.example&*=jo@x.example&page=2", "?page=2"),
    "all but addresses": ("*", "to=jo%40mail.example&page=2", "?page=2"),
    "all but secrets": ("*", "code=1&Token=2&user=3&sid=4&page=5", "?page=5"),
    "all but what contains a credential": (
        "*",
        "my-access-token=1&XSESSIONX=2&oauth=3&Authorization=4&client_secret_id=5&author=6",
        "?author=6",
    ),
    "all but nested secrets": ("*", "user[id]=1&form.email=2&a[b]=3", "?a[b]=3"),
    "all but secrets in disguise": ("*", "%74oken=1&%2574oken=2&e-mail=3&api-key=4&x=5", "?x=5"),
    "all but persons and clicks by families": (
        "*",
        "bsft_uid=1&sfmc_sub=2&ml_subscriber_hash=3&_gl=4&srsltid=5&_kx=6&x=7&ymclid=8&_hsfp=9",
        "?x=7",
    ),
    "all but secrets by parts": (
        "*",
        "oobCode=1&jwt=2&pass=3&otp_code=4&access_key=5&X-Goog-Credential=6&user_email_address=7"
        "&userID=8&click-id=9&x=10",
        "?x=10",
    ),
    "all but persons and clicks by names of their own": (
        "*",
        "ip_addr=1&tax-id=2&cardNumber=3&lead_id=4&sso=5&bearer=6&ScCid=7&rdt_cid=8&cjevent=9&awc=1"
        "&ranSiteID=2&sscid=3&unsubscribe_id=4&lead=5&card=6&number=7",
        "?lead=5&number=7",
    ),
    "words that are harmless as parts": (
        "*",
        "sort_key=1&country_code=2&product_name=3&keyword=4&passage=5&compass=6&state_of=7&clid=",
        "?sort_key=1&country_code=2&product_name=3&keyword=4&passage=5&compass=6&state_of=7",
    ),
    "all but values that look like secrets": (
        "*",
        "q=n3Hq-9Zx_4TbK7vLw2RmPd&r=4111-1111-1111-1111&s=550e8400-e29b-41d4-a716-446655440000",
        "?s=550e8400-e29b-41d4-a716-446655440000",
    ),
    "all but personal click ids": ("*", "dclid=1&FBCLID=2&yclid=3&x=4", "?x=4"),
}


@pytest.mark.parametrize(("keep_query", "query", "expected"), KEPT.values(), ids=KEPT.keys())
def test_the_site_owner_may_keep_more_of_the_query(
    keep_query: Any, query: str, expected: str
) -> None:
    assert query_of(query, UrlOptions(keep_query=keep_query)) == expected


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("x=1&" * 255, id="too many parameters"),
        pytest.param("x=" + "y" * 8_190 + "&", id="too many characters"),
    ],
)
def test_the_end_of_an_endless_query_is_not_read(before: str) -> None:
    assert query_of(f"ref=a&{before}utm_source=b") == "?ref=a"


def test_a_parameter_that_was_cut_in_two_is_dropped() -> None:
    assert query_of("ref=a&" + "x" * 8_175 + "&utm_source=b") == "?ref=a"


def test_a_long_value_that_was_cut_in_two_is_one_that_is_cut() -> None:
    assert query_of("utm_source=" + "a" * 65_000) == query_of("utm_source=" + "a" * 4_000)


@given(
    campaign=st.dictionaries(
        st.sampled_from(CAMPAIGN),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="@%;"), max_size=20),
    )
)
def test_vendors_read_the_campaign_as_it_was_meant(campaign: dict[str, str]) -> None:
    url = url_of(query="page=2&" + urlencode(campaign))

    actual = parse_qs(urlsplit(url).query, keep_blank_values=True)

    assert actual == {name: [value] for name, value in campaign.items()}

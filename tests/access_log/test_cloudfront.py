"""CloudFront's standard log."""

from __future__ import annotations

from tests.access_log.support import CLOUDFRONT, CLOUDFRONT_HEAD, PARSERS, SITE, parsed


def test_comments_are_no_requests() -> None:
    assert PARSERS["cloudfront"](SITE).parse(CLOUDFRONT_HEAD[0]) is None


def test_without_a_content_type_one_is_assumed() -> None:
    head = CLOUDFRONT_HEAD[1].removesuffix(" sc-content-type")
    line = parsed("cloudfront", head, CLOUDFRONT.removesuffix("\ttext/html"))
    assert line.answered_headers() == {"content-type": "text/html"}


def test_the_fields_may_change_within_a_file() -> None:
    other = "#Fields: date time c-ip cs-method cs-uri-stem sc-status"
    values = "2026-11-29\t12:05:07\t2001:db8::1\tGET\t/x\t200"
    line = parsed("cloudfront", *CLOUDFRONT_HEAD, CLOUDFRONT, other, values)
    assert (line.peer, line.target.path, line.host) == ("2001:db8::1", "/x", "example.com")

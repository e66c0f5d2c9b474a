"""A web page that the developer opens while the stack is up can do no harm."""

import json
from pathlib import Path

import pytest

from infra.local.clients import Clients
from infra.local.status import Status
from tests.e2e.browser import Page, dump_page, find_browser
from waybill_client import Waybill

pytestmark = pytest.mark.e2e

# Each attack is sent as a page can send it: simple requests without a preflight, and requests
# with the headers of a signed call. `readable` says whether the page could read the response.
_HTML = """<!doctype html><script>
const endpoint = ENDPOINT, api = API;
const credential = key =>
  `AWS4-HMAC-SHA256 Credential=${key}/20260101/us-east-1/lambda/aws4_request, `
  + 'SignedHeaders=host, Signature=0';
const code = {FunctionName: 'evil', Runtime: 'python3.13', Role: 'arn:aws:iam::000000000000:role/x',
              Handler: 'x.y', Code: {ZipFile: ''}};
const attacks = {
  reset: ['/_ministack/reset', {method: 'POST'}],
  reset_without_cors: ['/_ministack/reset', {method: 'POST', mode: 'no-cors'}],
  config: ['/_ministack/config', {method: 'POST', body: '{}', mode: 'no-cors'}],
  health: ['/_ministack/health', {}],
  create_function: ['/2015-03-31/functions', {method: 'POST', body: JSON.stringify(code)}],
  create_function_without_cors:
    ['/2015-03-31/functions', {method: 'POST', body: JSON.stringify(code), mode: 'no-cors'}],
  create_function_as_test: ['/2015-03-31/functions', {
    method: 'POST', body: JSON.stringify(code), headers: {Authorization: credential('test')}}],
  create_function_as_account: ['/2015-03-31/functions', {
    method: 'POST', body: JSON.stringify(code),
    headers: {Authorization: credential('000000000000')}}],
  secrets: ['/?Action=x', {method: 'POST', body: '{}',
    headers: {'X-Amz-Target': 'secretsmanager.ListSecrets', Authorization: credential('test')}}],
  delete_stack: ['/', {method: 'POST', mode: 'no-cors',
    headers: {'Content-Type': 'application/x-www-form-urlencoded'},
    body: 'Action=DeleteStack&StackName=waybill-local&AWSAccessKeyId=test'}],
  objects: ['/waybill-local-state/?list-type=2', {}],
};
const attempt = async ([path, options]) => {
  try {
    const response = await fetch(endpoint + path, options);
    return {readable: response.type !== 'opaque', status: response.status};
  } catch (error) { return {readable: false, status: 0}; }
};
(async () => {
  const report = {};
  for (const [name, attack] of Object.entries(attacks)) report[name] = await attempt(attack);
  report.api = await fetch(api + '/health').then(response => response.status);
  await fetch('/report', {method: 'POST', body: JSON.stringify(report)});
})();
</script>"""


def test_a_page_can_neither_call_the_emulator_nor_read_from_it(
    stack: Status, aws: Clients, waybill: Waybill, tmp_path: Path
) -> None:
    browser = find_browser()
    names = [one["FunctionName"] for one in aws("lambda").list_functions()["Functions"]]
    datasets = waybill.datasets()
    html = _HTML.replace("ENDPOINT", json.dumps(stack.aws_endpoint_url))
    with Page(html.replace("API", json.dumps(stack.api), 1)) as page:
        report = page.visit(browser, tmp_path / "profile")
    # The API's own CORS rules apply to the API.
    assert report.pop("api") == 200
    assert len(report) == 11
    assert {name: attack for name, attack in report.items() if attack["readable"]} == {}
    assert [one["FunctionName"] for one in aws("lambda").list_functions()["Functions"]] == names
    assert waybill.datasets() == datasets


def test_a_host_name_that_resolves_to_loopback_is_refused(stack: Status, tmp_path: Path) -> None:
    browser = find_browser()
    rules = "--host-resolver-rules=MAP evil.example 127.0.0.1"
    port = str(stack.aws_endpoint_url).rsplit(":", 1)[-1]
    api_path = str(stack.api).removeprefix(str(stack.aws_endpoint_url))
    url = f"http://evil.example:{port}{api_path}/health"
    assert "The Host header must name" in dump_page(browser, tmp_path / "profile", url, rules)

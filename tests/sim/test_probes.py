"""The malformed requests that a workload sends."""

import pytest

from kafkasim.messages import BadRequest, request_from_body
from kafkasim.sim.workload import PROBES


@pytest.mark.parametrize("body", PROBES)
def test_every_probe_is_a_request_that_must_be_refused(body):
    assert isinstance(request_from_body({"msg_id": 1} | body), BadRequest)

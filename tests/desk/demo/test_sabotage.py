"""Each sabotage still applies to the code as it is, and one that does not says so."""

import json
from pathlib import Path

import pytest

from desk.demo.sabotage import LEDGER, SABOTAGES, SabotageFailed, staged_copy
from infra import bundling


def assembly(folder: Path) -> Path:
    """As much of an assembly as sabotages look at."""
    made = folder / "assembly-of-now"
    made.mkdir()
    staged = bundling.function("receive_webhook", bundling.host_target())
    (made / "asset.one").symlink_to(staged)
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": "switchboard-laptop-to-pager-role",
            "Policies": [
                {
                    "PolicyDocument": {
                        "Statement": [
                            {"Action": list(LEDGER)},
                            {"Action": ["dynamodb:PutItem", "dynamodb:Query"]},
                        ]
                    }
                }
            ],
        },
    }
    template = made / "switchboard-laptop-destination-pager.template.json"
    template.write_text(json.dumps({"Resources": {"Role": role}}))
    (made / "core.assets.json").write_text(
        json.dumps(
            {
                "files": {
                    "one": {
                        "source": {"path": "asset.one", "packaging": "zip"},
                        "destinations": {"here": {"objectKey": "one.zip"}},
                    }
                }
            }
        )
    )
    return made


@pytest.mark.parametrize("name", SABOTAGES)
def test_a_sabotage_applies_to_the_code_as_it_is(name: str, tmp_path: Path) -> None:
    staged = staged_copy(assembly(tmp_path), tmp_path / "copy")
    SABOTAGES[name].apply(staged)
    with pytest.raises(SabotageFailed):
        SABOTAGES[name].apply(staged)


def test_the_product_itself_is_never_touched(tmp_path: Path) -> None:
    layer = bundling.layer(bundling.host_target())
    before = (layer / "python" / "switchboard" / "claiming.py").read_text()
    staged = staged_copy(assembly(tmp_path), tmp_path / "copy")
    SABOTAGES["ledger"].apply(staged)
    assert (layer / "python" / "switchboard" / "claiming.py").read_text() == before
    assert (staged.layer / "python" / "switchboard" / "claiming.py").read_text() != before


def test_every_promise_of_the_demo_has_its_sabotage() -> None:
    assert set(SABOTAGES) == {"ledger", "ack", "stream-ack", "order", "dedupe", "iam"}
    assert all(one.caught_as for one in SABOTAGES.values())

"""doctor: tells what is wrong, and never fails of it."""

import json
import os
import sys
from importlib import metadata

import pytest

from pet_mtl.cli import main
from pet_mtl.inspection import doctor as verb
from pet_mtl.inspection import machine, packages, probe

HEALTHY = {
    "tensorflow": "2.21.0", "keras": "3.15.1", "backend": "tensorflow", "cuda": None,
    "devices": [{"name": "CPU", "kind": "CPU", "works": True}],
}  # fmt: skip


@pytest.fixture
def run(capsys):
    def call(*options):
        with pytest.raises(SystemExit) as ended:
            main(["doctor", *options])
        said = capsys.readouterr()
        return ended.value.code, said.out

    return call


@pytest.fixture
def told(monkeypatch):
    """Lets TensorFlow's process say something else."""
    return lambda found: monkeypatch.setattr(verb, "probe", lambda: found)


def statuses(found):
    return {(check["name"], check["status"]) for check in found["checks"]}


def test_this_installation_is_fit(run):
    code, out = run("--json")
    found = json.loads(out)
    assert code == 0 and found["fit"]
    assert found["versions"]["tensorflow"] == metadata.version("tensorflow")
    assert found["tensorflow"]["tensorflow"] == metadata.version("tensorflow")
    assert found["tensorflow"]["devices"][0]["works"] is True
    assert {"python", "packages", "tensorflow", "memory", "disk", "suv"} == {
        check["name"] for check in found["checks"]
    }


def test_for_a_person(run, told):
    told(HEALTHY)
    code, out = run()
    assert code == 0 and out.splitlines()[-1] == "fit"
    assert "CPU: a convolution is right" in out and "CPU CPU" not in out
    assert f"numpy\t{metadata.version('numpy')}" in out


@pytest.mark.parametrize(
    "found",
    [
        {"error": "exit code -4: no word"},
        HEALTHY | {"devices": [{"name": "Tesla", "kind": "GPU", "works": False}]},
    ],
)
def test_a_broken_tensorflow_is_told(run, told, found):
    told(found)
    code, out = run()
    assert code == 1
    assert "tensorflow\twrong" in out and out.splitlines()[-1].startswith("not fit")


def test_another_backend_is_noted(told):
    told(HEALTHY | {"backend": "jax"})
    assert ("keras", "note") in statuses(verb.doctor())


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "import os; os.kill(os.getpid(), 4)"])
def test_a_probe_that_dies_takes_nothing_with_it(monkeypatch, tmp_path, code):
    fake = tmp_path / "python"
    fake.write_text(f'#!{sys.executable}\nimport sys; sys.stderr.write("last words\\n"); {code}\n')
    fake.chmod(0o755)
    monkeypatch.setattr(probe.sys, "executable", str(fake))
    assert "last words" in probe.probe()["error"]
    monkeypatch.setattr(probe.sys, "executable", str(tmp_path / "absent"))
    assert "FileNotFoundError" in probe.probe()["error"]


def test_a_missing_tensorflow_is_told(monkeypatch, tmp_path):
    """The real probe in a Python that has a `tensorflow` which cannot be imported."""
    (tmp_path / "tensorflow.py").write_text("raise ImportError('no tensorflow here')\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path)]))
    found = probe.probe()
    assert "no tensorflow here" in found["error"]


# --- Packages --------------------------------------------------------------------------------


@pytest.fixture
def installed(monkeypatch):
    """Another set of installed versions, and what pet-mtl asks for."""

    def pretend(**versions):
        wanted = {name.replace("_", "-"): version for name, version in versions.items()}
        real = metadata.version

        def version(name):
            if name in wanted:
                if wanted[name] is None:
                    raise metadata.PackageNotFoundError(name)
                return wanted[name]
            return real(name)

        monkeypatch.setattr(packages.metadata, "version", version)

    return pretend


def test_an_old_keras_is_wrong(installed, told):
    told(HEALTHY)
    installed(keras="3.12.0")
    found = verb.doctor()
    assert not found["fit"]
    assert any("keras>=3.13.1 (found 3.12.0)" in check["what"] for check in found["checks"])


@pytest.mark.parametrize(
    ("version", "fit"), [("2.19.1", False), ("2.20.0", True), ("2.22.0", False)]
)
def test_tensorflow_in_its_tested_range(installed, told, version, fit):
    told(HEALTHY)
    installed(tensorflow=version)
    assert verb.doctor()["fit"] is fit


def test_a_missing_package_is_wrong(installed, told):
    told(HEALTHY)
    installed(pydicom=None)
    found = verb.doctor()
    assert not found["fit"] and found["versions"]["pydicom"] is None


def test_tensorflow_io_beside_a_new_tensorflow(installed):
    installed(tensorflow_io="0.37.1", tensorflow="2.21.0")
    assert [clash.name for clash in packages.clashes()] == ["tensorflow-io"]
    installed(tensorflow_io="0.37.1", tensorflow="2.16.2")
    assert not list(packages.clashes())


def test_extras_are_those_of_the_installed_package(installed):
    assert set(packages.extras()) == set(metadata.metadata("pet-mtl").get_all("Provides-Extra")) - {
        "test",
        "docs",
    }
    installed(jax=None)
    assert packages.unmet("jax") == ["jax"]
    installed(jax="0.6")
    assert packages.unmet("jax") == []


def test_the_wheels_behind_an_extra_of_an_extra(installed):
    installed(nvidia_cudnn_cu12=None)
    assert any(lack.startswith("nvidia-cudnn-cu12") for lack in packages.unmet("gpu"))


def test_without_metadata_it_says_so(monkeypatch, told):
    told(HEALTHY)

    def absent(_name):
        raise metadata.PackageNotFoundError("pet-mtl")

    monkeypatch.setattr(packages.metadata, "requires", absent)
    found = verb.doctor()
    assert not found["fit"] and ("packages", "wrong") in statuses(found)


# --- Machine ---------------------------------------------------------------------------------


def tree(root, **files):
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


MEMORY = "MemTotal:       16777216 kB\nMemFree: 1 kB\nMemAvailable:    8388608 kB\n"
GIB = 1 << 30


def test_a_machine_without_limits(tmp_path):
    found = machine.look_around(tree(tmp_path, proc__meminfo=MEMORY))
    assert (found.memory_bytes, found.available_bytes) == (16 * GIB, 8 * GIB)
    assert found.usable_cores == len(os.sched_getaffinity(0))
    assert not found.nvidia


def test_a_control_group_of_the_second_kind(tmp_path):
    tree(
        tmp_path,
        proc__meminfo=MEMORY,
        proc__self__cgroup="0::/box/inner\n",
        sys__fs__cgroup__box__memory_DOT_max=str(4 * GIB),
        sys__fs__cgroup__box__memory_DOT_current=str(3 * GIB),
        sys__fs__cgroup__box__inner__memory_DOT_max="max",
        sys__fs__cgroup__box__inner__cpu_DOT_max="50000 100000",
    )
    found = machine.look_around(tmp_path)
    assert (found.memory_bytes, found.available_bytes) == (4 * GIB, 1 * GIB)
    assert found.usable_cores == 1


def test_a_control_group_of_the_first_kind(tmp_path):
    tree(
        tmp_path,
        proc__meminfo=MEMORY,
        proc__self__cgroup="4:memory:/job\n3:cpu,cpuacct:/job\n",
        sys__fs__cgroup__memory__job__memory_DOT_limit_in_bytes=str(2 * GIB),
        sys__fs__cgroup__memory__job__memory_DOT_usage_in_bytes=str(GIB // 2),
        sys__fs__cgroup__cpu__job__cpu_DOT_cfs_quota_us="100000",
        sys__fs__cgroup__cpu__job__cpu_DOT_cfs_period_us="100000",
    )
    found = machine.look_around(tmp_path)
    assert (found.memory_bytes, found.available_bytes) == (2 * GIB, GIB * 3 // 2)
    assert found.usable_cores == 1


def test_a_machine_that_tells_nothing(tmp_path, told, monkeypatch):
    assert machine.look_around(tmp_path).memory_bytes is None
    told(HEALTHY)
    bare = machine.look_around(tmp_path)
    monkeypatch.setattr(verb, "look_around", lambda: bare)
    found = verb.doctor()
    assert found["fit"] and ("memory", "note") in statuses(found)


def test_a_driver_without_a_visible_card_is_noted(tmp_path, told, monkeypatch):
    told(HEALTHY)
    here = machine.look_around(tree(tmp_path, proc__driver__nvidia__version="x"))
    monkeypatch.setattr(verb, "look_around", lambda: here)
    found = verb.doctor()
    (gpu,) = [check for check in found["checks"] if check["name"] == "gpu"]
    assert gpu["status"] == "note" and "pet-mtl[gpu]" in gpu["todo"]


def test_a_wrong_suv_is_noticed(monkeypatch):
    real = verb.suv_factor
    assert verb.suv_check().status == "ok"
    monkeypatch.setattr(verb, "suv_factor", lambda a: type(real(a))(real(a).factor * 1.01))
    assert verb.suv_check().status == "wrong"

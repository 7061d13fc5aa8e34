"""The search for a browser: each place in its turn, and a sentence when there is none."""

import sys
from pathlib import Path

import chromium
import pytest

WINDOWLESS = "chromium-headless-shell"


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine without a browser; return the list of commands it is asked to run."""
    asked = []
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(chromium.shutil, "which", lambda name: None)
    monkeypatch.setattr(chromium, "run", lambda *command: asked.append(command) or "no network;")
    return asked


def test_a_browser_named_in_the_environment_comes_first(monkeypatch):
    monkeypatch.setenv("CHROMIUM", sys.executable)
    assert chromium.find_browser() == sys.executable


def test_a_wrong_name_is_said(monkeypatch):
    monkeypatch.setenv("CHROMIUM", "/no/such/program")
    with pytest.raises(LookupError, match="CHROMIUM=/no/such/program is not a program"):
        chromium.find_browser()


def test_an_installed_browser_is_taken(machine, monkeypatch):
    monkeypatch.setattr(chromium.shutil, "which", lambda name: f"/bin/{name}" if "chrome" in name else None)
    assert chromium.find_browser() == "/bin/google-chrome" and machine == []


@pytest.mark.parametrize("ci", ["", "true"])
def test_one_without_windows_comes_first_and_a_server_of_checks_installs_it(machine, monkeypatch, ci):
    here = {"apt-get", "chromium"}

    def install(*command):
        machine.append(command)
        here.add(command[-1])

    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(chromium.os, "geteuid", lambda: 0)
    monkeypatch.setattr(chromium, "run", lambda *command: install(*command) or "")
    monkeypatch.setattr(chromium.shutil, "which", lambda name: f"/bin/{name}" if name in here else None)
    assert chromium.find_browser() == "/bin/chromium" and machine == []
    assert chromium.find_browser(windows=False) == "/bin/chromium" and machine == []
    assert chromium.prepare() == ("/bin/chromium-headless-shell" if ci else "/bin/chromium")
    here.add("chromium-headless-shell")
    assert chromium.find_browser(windows=False) == "/bin/chromium-headless-shell"
    assert chromium.find_browser() == "/bin/chromium"
    asked = [("apt-get", "update"), ("apt-get", "install", "--yes", "chromium", WINDOWLESS)]
    assert machine == (asked if ci else [])


def test_playwrights_own_browser_is_taken_if_it_is_there(machine, tmp_path):
    (tmp_path / "chrome").touch()
    assert chromium.find_browser(lambda: tmp_path / "chrome") == tmp_path / "chrome" and machine == []


def test_playwright_is_asked_to_fetch_one(machine, monkeypatch, tmp_path):
    def fetch(*command):
        machine.append(command)
        (tmp_path / "chrome").touch()

    monkeypatch.setattr(chromium, "run", fetch)
    assert chromium.find_browser(lambda: tmp_path / "chrome") == tmp_path / "chrome"
    assert [command[1:] for command in machine] == [("-m", "playwright", "install", "chromium")]


def test_then_the_system_is_asked(machine, monkeypatch):
    def which(name):
        done = ("apt-get", "install", "--yes", "chromium") in machine
        return f"/usr/bin/{name}" if name == "apt-get" or (name == "chromium" and done) else None

    monkeypatch.setattr(chromium.os, "geteuid", lambda: 0)
    monkeypatch.setattr(chromium.shutil, "which", which)
    assert chromium.find_browser(lambda: Path("/nowhere")) == "/usr/bin/chromium"


def test_without_any_the_reader_is_told_what_to_do(machine):
    with pytest.raises(LookupError, match=r"(?s)apt-get install chromium.*no network;"):
        chromium.find_browser(lambda: Path("/nowhere"))

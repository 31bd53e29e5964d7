"""``scripts/build`` as it is called."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from websocket_stack.deployment.build.__main__ import main


def test_the_zips_path_is_all_of_the_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--output", str(tmp_path / "out")]) == 0
    (zip_path,) = (tmp_path / "out").iterdir()
    assert capsys.readouterr() == (f"{zip_path}\n", "")


def test_in_the_current_folder_the_path_is_relative(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--output", str(tmp_path / "out")]) == 0
    (zip_path,) = (tmp_path / "out").iterdir()
    assert capsys.readouterr().out == f"out/{zip_path.name}\n"


def test_a_failure_is_one_line_on_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing"
    assert main(["--code", str(missing)]) == 1
    assert capsys.readouterr() == ("", f"build: {missing}: there is no such folder\n")


def test_code_is_read_before_it_is_packed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bot, intents = tmp_path / "my_bot.py", tmp_path / "my_bot.yaml"
    arguments = ["--code", str(bot), "--intents", str(intents), "--output", str(tmp_path / "out")]
    intents.write_text("locales: {en_US: {intents: {Greeting: {utterances: [hello]}}}}")
    bot.write_text('@bot.intent("Greting")\ndef greet(turn): ...\n')
    assert main(arguments) == 1
    assert "my_bot.py, line 1: there is no intent Greting" in capsys.readouterr().err

    bot.write_text("def greet((turn): ...\n")
    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith(f"build: {bot}, line 1: SyntaxError: ")
    assert not (tmp_path / "out").exists()

    bot.write_text(
        'import requestz\nlambda_handler = print\n\n@bot.intent("Greeting")\ndef f(): ...'
    )
    assert main(arguments) == 0
    assert capsys.readouterr().err.startswith(f"Warning: {bot}, line 1: requestz is neither")


def test_help_is_offered(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    assert "--code" in capsys.readouterr().out


def test_a_bots_file_becomes_an_archive_for_lex(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "my shop.yaml"
    source.write_text("locales: {en_US: {intents: {Greeting: {utterances: [hello]}}}}")
    assert main(["--lex-archive", str(source), "--output", str(tmp_path / "out")]) == 0
    built = tmp_path / "out" / "my-shop-lex.zip"
    assert capsys.readouterr().out == f"{built}\n"
    with zipfile.ZipFile(built) as archive:
        assert "my-shop/BotLocales/en_US/Intents/Greeting/Intent.json" in archive.namelist()
    source.write_text("locales: {}")
    assert main(["--lex-archive", str(source)]) == 1
    assert capsys.readouterr().err.startswith(f"build: {source}, line 1: locales: ")

"""Keys, menus, palette, dialogs, and that all of it can be reached."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QWidget,
)

from app.base.actions import Scope
from app.base.jobs import JobState
from app.base.settings import CROSSHAIR, KEYS, RECENT, SNAPPING, TAGS, Setting
from app.base.theme import Theme, is_dark
from app.editor.panels.labels import LabelFinder
from app.window.assembly import ACTIONS
from app.window.job_strip import JobRow
from app.window.key_list import KeyList
from app.window.key_settings import KeySettings
from app.window.palette import CommandPalette
from app.window.settings_dialog import SettingsDialog
from tests.app.window.conftest import SQUARE, Driver, shape, write_labelme

SHIFT = Qt.KeyboardModifier.ShiftModifier
CTRL = Qt.KeyboardModifier.ControlModifier
Role = QPalette.ColorRole
TEXTS = (
    (Role.WindowText, Role.Window),
    (Role.Text, Role.Base),
    (Role.Text, Role.AlternateBase),
    (Role.ButtonText, Role.Button),
    (Role.PlaceholderText, Role.Base),
    (Role.PlaceholderText, Role.Window),
    (Role.ToolTipText, Role.ToolTipBase),
    (Role.Link, Role.Window),
)


def popup(kind: type[QWidget]) -> QWidget:
    (found,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]
    return found


def test_every_row_says_what_happens() -> None:
    for row in ACTIONS:
        deeds = [row.do, row.turn, row.fill]
        assert sum(deed is not None for deed in deeds) == (row.scope is not Scope.TOOL), row.id
        assert row.checked is None or row.checkable, row.id


def test_every_action_is_answered(driver: Driver, folder: Path) -> None:
    """By the feature that lists it: its conditions can be asked for."""
    driver.open(folder)
    owners = [*driver.window.features.values(), driver.window]
    asked = {
        row.id
        for owner in owners
        for row in owner.ACTIONS
        for when in row.when
        if when(owner) in (True, False)
    }
    assert asked == {row.id for row in ACTIONS if row.when}


def test_letters_typed_into_a_field_do_nothing_else(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.act("find_image")
    field = QApplication.focusWidget()
    assert isinstance(field, QLineEdit)
    before = driver.services.workspace.path
    QTest.keyClicks(field, "dapvrmtixy12h0")
    assert field.text() == "dapvrmtixy12h0"
    assert driver.services.workspace.path == before
    assert driver.services.viewport.tool == "select"
    assert not driver.document.done


def test_delete_and_undo_stay_in_a_field(driver: Driver, folder: Path) -> None:
    write_labelme(folder / "a1.png", shape("cell", *SQUARE))
    driver.open(folder)
    driver.act("select_all")
    driver.act("find_image")
    field = QApplication.focusWidget()
    assert isinstance(field, QLineEdit)
    QTest.keyClicks(field, "ab")
    QTest.keyClick(field, Qt.Key.Key_Backspace)
    QTest.keyClick(field, Qt.Key.Key_Delete)
    QTest.keyClick(field, Qt.Key.Key_A, CTRL)
    assert len(driver.document.instances) == 1
    assert field.selectedText() == "a"


def test_tab_on_the_canvas_is_for_suggestions_only(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.suggest()
    driver.act("find_image")
    driver.key(Qt.Key.Key_Tab)
    assert driver.services.suggesting.picked == frozenset()


def test_f6_walks_through_the_areas(driver: Driver, folder: Path) -> None:
    write_labelme(folder / "a1.png", shape("cell", *SQUARE))
    driver.open(folder)
    driver.services.viewport.setFocus()
    seen = []
    for _ in range(5):
        driver.key(Qt.Key.Key_F6)
        seen.append(QApplication.focusWidget())
    assert len(set(seen)) == 5
    assert seen[-1] is driver.services.viewport


def test_a_held_key_hides_and_its_release_shows(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    canvas = driver.services.viewport
    canvas.setFocus()
    QTest.keyPress(canvas, Qt.Key.Key_H)
    assert not canvas._scene.instances_shown
    QTest.keyRelease(canvas, Qt.Key.Key_H)
    assert canvas._scene.instances_shown


def test_the_palette_finds_and_runs(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.key(Qt.Key.Key_P, CTRL | SHIFT)
    palette = popup(CommandPalette)
    assert isinstance(palette, CommandPalette)
    QTest.keyClicks(palette.field, "rectan")
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert driver.services.viewport.tool == "rectangle"


def test_the_palette_offers_only_what_is_possible(driver: Driver) -> None:
    ids = {action.id for action in driver.services.actions.enabled()}
    assert "open_folder" in ids
    assert "undo" not in ids
    assert "peek" not in ids


def test_relabel_by_typing(driver: Driver, folder: Path) -> None:
    write_labelme(folder / "a1.png", shape("cell", *SQUARE))
    driver.open(folder)
    driver.act("select_all")
    driver.act("relabel")
    finder = popup(LabelFinder)
    assert isinstance(finder, LabelFinder)
    QTest.keyClicks(finder.field, "nucleus")
    QTest.keyClick(finder.field, Qt.Key.Key_Return)
    assert driver.document.instances[0].label == "nucleus"
    names = driver.services.labelling.names
    assert "nucleus" in names
    for number in range(12 - len(names)):
        driver.services.labelling.add(f"label {chr(97 + number)}")
    for selected, wanted in (((), 12), (driver.document.instances, 11)):
        driver.services.viewport.set_selection([each.id for each in selected])
        driver.act("relabel")
        finder = popup(LabelFinder)
        QTest.keyClicks(finder.field, str(wanted))
        QTest.keyClick(finder.field, Qt.Key.Key_Return)
    names = driver.services.labelling.names
    assert driver.services.labelling.active == names[11], "with nothing selected: what comes next"
    assert driver.document.instances[0].label == names[10]


def test_what_goes_with_the_keyboard_gives_it_to_the_canvas(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    canvas = driver.services.viewport
    for ends in (Qt.Key.Key_Return, Qt.Key.Key_Escape):
        driver.act("add_label")
        field = QApplication.focusWidget()
        assert isinstance(field, QLineEdit)
        QTest.keyClicks(field, "cell")
        QTest.keyClick(field, ends)
        assert canvas.hasFocus()
    driver.suggest()
    (button,) = (
        each
        for each in driver.annotate.findChildren(QAbstractButton)
        if each.text() == "Accept all shown"
    )
    button.setFocus()
    button.click()
    driver.wait(lambda: not button.isEnabled())
    assert canvas.hasFocus(), "a button that is grey now"


def test_keys_are_rebound_and_conflicts_refused(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    page = KeySettings(driver.services.settings, driver.services.actions)
    driver.bot.addWidget(page)
    item = page._tree.findItems("Next image", Qt.MatchFlag.MatchRecursive)[0]
    page._tree.setCurrentItem(item)
    page._edit.setKeySequence("P")
    page._add.click()
    assert "Polygon" in page._message.text()
    assert driver.services.settings.get(KEYS) == {}
    page._edit.setKeySequence("Ctrl+Right")
    page._add.click()
    driver.services.viewport.setFocus()
    driver.key(Qt.Key.Key_Right, CTRL)
    driver.wait(lambda: driver.services.workspace.path == folder / "a2.png")


def contrast(a: QColor, b: QColor) -> float:
    """The contrast of two colours as WCAG 2 defines it, 1 to 21."""

    def luminance(colour: QColor) -> float:
        parts = (colour.redF(), colour.greenF(), colour.blueF())
        red, green, blue = (
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_themes(driver: Driver, folder: Path, scheme: str, qapp: QApplication) -> None:
    driver.open(folder)
    theme = Theme(qapp)

    def ground() -> int:
        return driver.images.grab().toImage().pixelColor(20, 300).lightness()

    try:
        theme.choose(scheme)
        assert is_dark() == (scheme == "dark")
        driver.wait(lambda: (ground() < 100) == (scheme == "dark"))
        colours = driver.window.palette()
        for text, below in TEXTS:
            assert contrast(colours.color(text), colours.color(below)) >= 4.5, (text, below)
        box = QCheckBox()
        driver.bot.addWidget(box)
        picture = box.grab().toImage()
        border = max(
            contrast(picture.pixelColor(x, picture.height() // 2), colours.color(Role.Window))
            for x in range(8)
        )
        assert border >= 3, "an unticked box must be seen"
    finally:
        theme.choose("system")


def test_dialogs_do_not_block(driver: Driver) -> None:
    for id in ("settings", "key_sheet", "about"):
        driver.act(id)
    assert QApplication.activeModalWidget() is None
    shown = {label.text() for label in popup(KeyList).findChildren(QLabel)}
    assert {"Undo", "Delete a vertex", "Shift+click"} <= shown
    for kind in (SettingsDialog, KeyList):
        popup(kind).close()
    for widget in QApplication.topLevelWidgets():
        if widget is not driver.window and widget.isVisible():
            widget.close()


def test_recent_folders(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    assert driver.services.settings.get(RECENT) == [str(folder)]
    menu = driver.services.actions["recent"].menu()
    menu.aboutToShow.emit()
    assert [each.text() for each in menu.actions()] == [str(folder)]


def test_the_sample_is_copied_and_opened(driver: Driver, tmp_path: Path) -> None:
    driver.act("try_sample")
    driver.wait(lambda: driver.services.workspace.staged)
    driver.wait(lambda: driver.services.suggesting.pending)
    assert driver.services.workspace.project is not None
    assert driver.services.workspace.project.root == tmp_path / "data" / "sample"
    driver.wait(lambda: not driver.services.annotator.folder_running)
    driver.act("clear_suggestions")
    driver.act("close_project")
    driver.wait(lambda: driver.services.workspace.project is None)
    driver.act("try_sample")  # what was answered there is not asked again
    driver.wait(lambda: driver.services.workspace.staged)
    assert not driver.services.annotator.folder_running
    assert driver.services.suggesting.pending == ()


def test_all_controls_have_names(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    kinds = (QAbstractButton, QLineEdit, QComboBox, QAbstractSlider, QAbstractItemView)
    nameless = [
        (type(widget), widget.objectName(), widget.parent())
        for kind in kinds
        for widget in driver.window.findChildren(kind)
        if widget.isVisible()
        and not (widget.accessibleName() or getattr(widget, "text", str)())
        and not isinstance(widget.parent(), QLineEdit)  # its own cross, which Tab passes by
    ]
    assert nameless == []


@pytest.mark.parametrize("size", [(900, 600), (640, 420)])
def test_a_small_window_holds_everything(
    make_driver: Callable[..., Driver], folder: Path, size: tuple[int, int]
) -> None:
    driver = make_driver(engine=False)
    driver.open(folder)
    driver.window.resize(*size)
    driver.bot.wait(50)
    assert (driver.window.width(), driver.window.height()) == size
    assert driver.services.viewport.width() > 150
    bottom = driver.window.statusBar().y()
    for dock in driver.window.docks.all:
        dock.raise_()
        driver.bot.wait(20)
        assert dock.isVisible()
        assert dock.geometry().bottom() <= bottom, dock.objectName()
        assert dock.widget().width() >= dock.widget().minimumSizeHint().width(), dock.objectName()


def test_two_jobs_have_room_for_two_rows(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    low = driver.window.status.height()
    jobs = [driver.services.jobs.start(f"Work {n}", lambda: None, patience=0) for n in range(2)]
    driver.wait(lambda: len(driver.window.jobs.shown()) == 2)
    rows = driver.window.jobs.findChildren(JobRow)
    driver.wait(lambda: all(row.height() >= row.fontMetrics().height() for row in rows))
    assert driver.window.status.height() > low
    for job in jobs:
        job.end(JobState.CANCELLED, "")
    for row in rows:
        row._leave()
    driver.wait(lambda: driver.window.status.height() == low)


@pytest.mark.parametrize(
    ("id", "setting", "attribute"),
    [("show_tags", TAGS, "_tags_shown"), ("show_crosshair", CROSSHAIR, "_crosshair")],
)
def test_switches_of_the_view_are_kept(
    driver: Driver, folder: Path, id: str, setting: Setting[bool], attribute: str
) -> None:
    driver.open(folder)
    assert driver.services.actions[id].isChecked()
    driver.act(id)
    assert not driver.services.settings.get(setting)
    assert not getattr(driver.services.viewport, attribute)
    assert not driver.services.actions[id].isChecked()
    driver.services.settings.set(setting, True)
    assert driver.services.actions[id].isChecked()
    assert getattr(driver.services.viewport, attribute)


def test_the_switch_of_snapping_is_kept_and_said(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    scene, actions = driver.services.viewport._scene, driver.services.actions
    assert not actions["snapping"].isChecked()
    driver.act("snapping")
    assert scene.snapping
    assert actions["snapping"].isChecked()
    assert driver.services.settings.get(SNAPPING)
    driver.services.settings.set(SNAPPING, False)
    assert not scene.snapping
    assert not actions["snapping"].isChecked()


def test_a_tool_chosen_twice_stays_chosen(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.act("tool_rectangle")
    driver.act("tool_rectangle")
    assert driver.services.actions["tool_rectangle"].isChecked()
    assert not driver.services.actions["tool_select"].isChecked()

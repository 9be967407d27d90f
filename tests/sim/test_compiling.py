from pathlib import Path

from proofmill.sim.compiling import grouped


def test_what_is_compiled_together(tmp_path: Path) -> None:
    """Every file once, by an absolute path, in files that are about as large as each other."""
    sources = {tmp_path / f"{name}.cpp": size for name, size in zip(
        "abcdefg", (900, 500, 400, 300, 300, 200, 100), strict=True)}
    for path, size in sources.items():
        path.write_text("/" * size)
    folder = tmp_path / "groups"
    folder.mkdir()
    found = grouped(sources, folder, 3)
    assert sorted(found.values()) == [900, 900, 900]
    included = []
    for path, size in found.items():
        assert path.parent == folder
        names = [Path(line.split('"')[1]) for line in path.read_text().splitlines()]
        assert sum(sources[name] for name in names) == size
        included += names
    assert sorted(included) == sorted(sources)
    # No file of none.
    assert len(grouped(sources, folder, 20)) == 7

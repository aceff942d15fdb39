"""The pictures in the docs: small, and a comment as GitHub shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import pictures

COMMENT = """<!-- marker -->

### Preview of `dev`: 1 to update

<details><summary>Changes</summary>

```diff
~ aws:ecs:Service web
+ a <b>
```

</details>
"""


def test_folded_sections_of_a_comment_are_open_and_escaped() -> None:
    text = pictures.comment_page(COMMENT)

    assert "<details open><summary>Changes</summary>" in text
    assert '<span class="gi">+ a &lt;b&gt;</span>' in text
    assert "Preview of <code>dev</code>: 1 to update" in text


@pytest.mark.parametrize("file", sorted(pictures.IMAGES.glob("*.png")), ids=lambda file: file.name)
def test_a_picture_is_small(file: Path) -> None:
    assert file.stat().st_size <= pictures.MOST_BYTES

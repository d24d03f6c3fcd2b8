"""What counts in a module's source, and what does not."""

import ast

import pytest

from mavsr.workflow.wordless import without_words


def reduced(text):
    return ast.dump(without_words(text))


WORDS = {
    "docstrings, comments, layout": (
        "def f(x):\n    return 2 * x\n",
        '"""A module."""\n\n\ndef f(x):\n    """Double it."""\n    # Twice.\n    return 2*x\n',
    ),
    "annotations": (
        "def f(x, *rest, y=1):\n    z = x\n    return z\n",
        "def f(x: int, *rest: str, y: float = 1) -> list[int]:\n    z: int = x\n    return z\n",
    ),
    "the type of a field": (
        "class A:\n    x: int = 1\n",
        "class A:\n    x: float | None = 1\n",
    ),
    "bounds and help of a field": (
        "class A:\n    x: Annotated[int, Field(ge=1)] = 1\n    y: int = Field(3, help='')\n",
        "class A:\n    x: Annotated[int, Field(ge=0, help='b')] = 1\n    y: int = Field(3)\n",
    ),
    "bounds and help of a named type": (
        "Share = Annotated[float, Key('a share'), Field(ge=0)]\n",
        "Share = Annotated[float, Key('a part'), Field(ge=0, lt=1)]\n",
    ),
    "imports for annotations": (
        "def f(x):\n    return x\n",
        "from typing import Any\n\ndef f(x: Any) -> Any:\n    return x\n",
    ),
    "the words of an error": (
        "def f(x):\n    if x:\n        raise ValueError('bad')\n",
        "def f(x):\n    if x:\n        raise ValueError(f'{x} is bad, ' + ', '.join(known(x)))\n",
    ),
    "the words of an error that is returned": (
        "def f(x):\n    return InputError('bad')\n",
        "def f(x):\n    return InputError('%s is worse' % x)\n",
    ),
    "the words of an assertion": ("assert x\n", "assert x, f'{x} is false'\n"),
    "a log line": (
        "import logging\nlogging.info('%d', len(x))\n",
        "import logging\nlogging.warning('%d of %s', max(x), ', '.join(x))\n",
    ),
    "a log line that was not there": (
        "y = 2 * x\n",
        "import logging\n\ny = 2 * x\nif len(x) > 2:\n    logging.info('long')\n",
    ),
    "a label": ("f(progress(xs, 3, 'a'))\n", "f(progress(xs, 3, f'{y} b'))\n"),
    "the type of a cast": ("x = cast('A', y)\n", "x = cast(B, y)\n"),
}


@pytest.mark.parametrize("what", WORDS)
def test_words_do_not_count(what):
    before, after = WORDS[what]
    assert before != after
    assert reduced(before) == reduced(after)


CODE = {
    "an operation": ("x = 2 * y\n", "x = 3 * y\n"),
    "a text that is used": ("x = {'a': 1}\n", "x = {'b': 1}\n"),
    "a default": ("def f(x: int = 1):\n    pass\n", "def f(x: int = 2):\n    pass\n"),
    "a default in an annotation": (
        "class A:\n    x: Annotated[int, Field(default=1)]\n",
        "class A:\n    x: Annotated[int, Field(default=2)]\n",
    ),
    "a validator in a named type": (
        "Share = Annotated[float, AfterValidator(half)]\n",
        "Share = Annotated[float, AfterValidator(double)]\n",
    ),
    "a validator in an annotation": (
        "class A:\n    x: Annotated[int, BeforeValidator(half)]\n",
        "class A:\n    x: Annotated[int, BeforeValidator(double)]\n",
    ),
    "the default of a field": (
        "class A:\n    x: int = Field(1, ge=0)\n",
        "class A:\n    x: int = Field(2, ge=0)\n",
    ),
    "a field more": ("class A:\n    x: int\n", "class A:\n    x: int\n    y: int\n"),
    "a field that is none": ("class A:\n    x: int = 1\n", "class A:\n    x = 1\n"),
    "a class variable": (
        "class A:\n    x: int = 1\n",
        "class A:\n    x: ClassVar[int] = 1\n",
    ),
    "whether there is an error": (
        "def f(x):\n    if x:\n        raise ValueError('a')\n",
        "def f(x):\n    if not x:\n        raise ValueError('a')\n",
    ),
    "which error": ("raise ValueError('a')\n", "raise KeyError('a')\n"),
    "an error's number": ("raise SystemExit(1)\n", "raise SystemExit(2)\n"),
    "a call in an error that makes its message": (
        "raise ValueError(message(x, 'a'))\n",
        "raise ValueError(message(x, 'b'))\n",
    ),
    "a call in a log line that may do something": (
        "logging.info('%s', queue.pop())\n",
        "logging.info('%s', queue)\n",
    ),
    "an assignment in a condition of a log line": (
        "if (n := next(x)) > 2:\n    logging.info('a')\n",
        "if n > 2:\n    logging.info('a')\n",
    ),
    "what else happens beside a log line": (
        "if x:\n    logging.info('a')\n    y = 1\n",
        "if x:\n    logging.info('a')\n",
    ),
    "an import that is used": ("from a import b\nb()\n", "from c import b\nb()\n"),
    "an import for what it does": ("import a.b\n", "import a.c\n"),
    "what is counted with a label": (
        "for x in progress(xs, 3, 'a'):\n    f(x)\n",
        "for x in progress(ys, 3, 'a'):\n    f(x)\n",
    ),
}


@pytest.mark.parametrize("what", CODE)
def test_code_counts(what):
    before, after = CODE[what]
    assert reduced(before) != reduced(after)


def test_a_tree_without_words_reduces_no_further():
    text = "def f(x: int) -> int:\n    'Words.'\n    logging.info('x')\n    return x\n"
    once = ast.unparse(without_words(text))
    assert once == "def f(x):\n    return x"
    assert ast.unparse(without_words(once)) == once

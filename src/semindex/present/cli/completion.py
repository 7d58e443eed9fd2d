"""``semindex completion``."""

import click

from semindex.present.cli.outcome import DONE
from semindex.present.stream import write


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> int:
    """Print the script that completes commands in a shell.

    For bash, add to ~/.bashrc: eval "$(semindex completion bash)". For zsh, the same with zsh in
    ~/.zshrc. For fish: semindex completion fish > ~/.config/fish/completions/semindex.fish.
    """
    from click.shell_completion import ShellComplete, get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    maker = kind(ctx.find_root().command, {}, "semindex", "_SEMINDEX_COMPLETE")
    # The base class's method: bash's own starts bash only to ask its version.
    write(ShellComplete.source(maker).rstrip("\n"))
    return DONE

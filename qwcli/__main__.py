"""`python -m qwcli` is the same as `qwcli`."""

from qwcli.cli import main

if __name__ == "__main__":
    main()

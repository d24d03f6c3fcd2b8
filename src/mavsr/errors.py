"""The one error that is the user's to mend."""


class InputError(ValueError):
    """A file, setting or clip cannot be used as it is.

    The message names the file, key or clip, the offending value, and what to do about it. Commands
    print it without a traceback.
    """

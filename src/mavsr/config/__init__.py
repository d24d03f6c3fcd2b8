"""The one definition of every key of a config: type, bounds, default, unit, help, what it decides.

A section is a module. Stages import their settings from here, never the other way round; whatever
ties sections together is in :mod:`mavsr.config.config` and :mod:`mavsr.config.check`.
"""

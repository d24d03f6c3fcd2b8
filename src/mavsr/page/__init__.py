"""``mavsr serve``: a local web page on which a model's rates can be seen and moved.

:mod:`.app` answers requests, :mod:`.store` keeps uploads for as long as the server runs,
:mod:`.work` lets one model serve several people in turn, :mod:`.recording` is what is known of one
upload, :mod:`.alter` adds babble or takes a modality away. The page itself is ``static/``.
"""

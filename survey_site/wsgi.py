import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "survey_site.settings")

# The thread that commits for all who wait makes four short trips to the database. After each it must get the
# interpreter back from threads that are busy reading forms: with Python's usual 5 ms that is 20 ms a batch.
sys.setswitchinterval(0.0003)

application = get_wsgi_application()

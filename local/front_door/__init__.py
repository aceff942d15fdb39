"""The front door: `http://<host>.localhost:8080` for each host of the local stacks."""

from local.front_door.process import FrontDoor, NoAnswerError

__all__ = ["FrontDoor", "NoAnswerError"]
